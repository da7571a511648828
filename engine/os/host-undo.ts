/** Undoes what stands in a journal that an earlier engine left: newest first, and only what is still as it made it. */
import type { OwnedDns } from './dns/plan.ts';
import type { DnsPort } from './dns/port.ts';
import { readDnsItem, readFileBefore } from './dns/validate.ts';
import { describeItem, type HostItem } from './host-items.ts';
import type { Journal, JournalEntry } from './journal/port.ts';
import { type OwnedRoute, planRoutes } from './route/plan.ts';
import type { RoutePort, Routing } from './route/port.ts';
import { readLinkBefore, readRouteItem } from './route/validate.ts';

/** The journal's live routes and the like, oldest first. */
export function routesOwned(live: readonly JournalEntry[]): OwnedRoute[] {
  return live.flatMap(({ id, before, after }) => {
    const item = readRouteItem(after);
    return item ? [{ id, item, before: readLinkBefore(before) }] : [];
  });
}

/** The journal's live name servers, oldest first. */
export function dnsOwned(live: readonly JournalEntry[]): OwnedDns[] {
  return live.flatMap(({ id, before, after }) => {
    const item = readDnsItem(after);
    return item ? [{ id, item, before: readFileBefore(before) }] : [];
  });
}

export interface UndoEnvironment {
  readonly routes: RoutePort;
  readonly dns: DnsPort;
  readonly routing: Routing;
}

export interface RouteRemoval {
  readonly gone: readonly OwnedRoute[];
  /** Still there after an attempt. */
  readonly left: readonly OwnedRoute[];
  /** What the failing commands said. */
  readonly said: string;
}

const inTable = ({ item }: OwnedRoute): number | undefined => ('table' in item ? item.table : undefined);

/**
 * Takes away what is still there of `owned`, all in one go, and looks again. `all` is everything that is ours, by
 * which routes of others in the same table are told apart. @throws OsError when it cannot look
 */
export async function removeOwnedRoutes(
  owned: readonly OwnedRoute[],
  all: readonly OwnedRoute[],
  environment: UndoEnvironment,
): Promise<RouteRemoval> {
  const interfaces = [...new Set(owned.flatMap(({ item }) => ('interface' in item ? [item.interface] : [])))];
  // Entries of an engine that used another table are looked for there.
  const table = owned.map(inTable).find((t) => t !== undefined) ?? environment.routing.table;
  const routing = { ...environment.routing, table };
  const here = owned.filter((o) => (inTable(o) ?? table) === table);
  const ids = new Set(here.map((o) => o.id));
  const look = async (): Promise<readonly OwnedRoute[]> => {
    const observed = await environment.routes.observe(interfaces, routing);
    return planRoutes({ desired: [], owned: all, observed, routing }).removals.filter((o) => ids.has(o.id));
  };
  const present = await look();
  const said = present.length === 0 ? '' : await environment.routes.remove(present);
  const left = present.length === 0 ? [] : await look();
  const isLeft = new Set(left.map((o) => o.id));
  const gone = here.filter((o) => !isLeft.has(o.id));
  const elsewhere = owned.filter((o) => !here.includes(o));
  if (elsewhere.length === 0) return { gone, left, said };
  const rest = await removeOwnedRoutes(elsewhere, all, environment);
  return {
    gone: [...gone, ...rest.gone],
    left: [...left, ...rest.left],
    said: [said, rest.said].join(' ').trim(),
  };
}

async function undoDns(owned: OwnedDns, dns: DnsPort): Promise<string> {
  const outcome = await dns.remove(owned.item, owned.before);
  if (outcome === 'foreign') return 'left alone, changed by others since';
  return outcome === 'gone' ? 'gone already' : 'removed';
}

/** Of an entry that an earlier boot made: the kernel's state and the resolvers' went with the restart. */
const survivesRestart = (entry: JournalEntry): boolean => entry.kind === 'dns-file';

const left = (item: HostItem, outcome: string): string => `left by a crash: ${describeItem(item, outcome)}`;

/**
 * Undoes every live entry, newest first: name servers, then routes and what they hang on. What cannot be undone
 * stays in the journal for the next time. Returns one line an entry.
 *
 * Of an earlier boot only a file is restored: the rest went with the restart, and an interface that has our old
 * name now has it by chance.
 */
export async function undoLeftovers(
  journal: Journal,
  environment: UndoEnvironment,
  bootId: string,
): Promise<readonly string[]> {
  const lines: string[] = [];
  const routes: OwnedRoute[] = [];
  const drop: number[] = [];
  for (const entry of [...journal.live()].reverse()) {
    const [route] = routesOwned([entry]);
    const [dns] = dnsOwned([entry]);
    const owned = route ?? dns;
    if (!owned) {
      lines.push(`journal entry ${entry.id} (${entry.kind}) is not understood and stays`);
    } else if (entry.bootId !== bootId && !survivesRestart(entry)) {
      drop.push(entry.id);
      lines.push(left(owned.item, 'gone with the restart'));
    } else if (route) {
      routes.push(route);
    } else if (dns) {
      try {
        const outcome = await undoDns(dns, environment.dns);
        drop.push(dns.id);
        lines.push(left(dns.item, outcome));
      } catch (error) {
        lines.push(left(dns.item, `not undone: ${String(error)}`));
      }
    }
  }
  await journal.done(drop);
  if (routes.length === 0) return lines;
  try {
    const removal = await removeOwnedRoutes(routes, routes, environment);
    await journal.done(removal.gone.map((o) => o.id));
    for (const { item } of removal.gone) lines.push(left(item, 'gone'));
    for (const { item } of removal.left) lines.push(left(item, `not undone: ${removal.said}`));
  } catch (error) {
    lines.push(`left by a crash: routes not undone: ${String(error)}`);
  }
  return lines;
}

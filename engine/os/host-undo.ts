/** Undoes what stands in a journal that an earlier engine left: newest first, and only what is still as it made it. */
import type { OwnedDns } from './dns/plan.ts';
import type { DnsPort } from './dns/port.ts';
import { readDnsItem, readFileBefore } from './dns/validate.ts';
import { describeItem } from './host-items.ts';
import type { Journal, JournalEntry } from './journal/port.ts';
import { isPresent, type OwnedRoute } from './route/plan.ts';
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

async function undoRoute(owned: OwnedRoute, environment: UndoEnvironment): Promise<string> {
  const { item } = owned;
  const routing = 'table' in item ? { ...environment.routing, table: item.table } : environment.routing;
  const interfaces = 'interface' in item ? [item.interface] : [];
  const look = async (): Promise<boolean> =>
    isPresent(item, await environment.routes.observe(interfaces, routing));
  if (!(await look())) return 'gone already';
  const said = await environment.routes.remove([owned]);
  // A link without a `before` cannot be put back, and is no harm: it was there before us.
  if ((await look()) && !(item.kind === 'link' && isUnchanged(owned))) throw new Error(said);
  return 'removed';
}

const isUnchanged = ({ item, before }: OwnedRoute): boolean =>
  item.kind === 'link' && (before === null || (before.up && before.mtu === item.mtu));

async function undoDns(owned: OwnedDns, dns: DnsPort): Promise<string> {
  const outcome = await dns.remove(owned.item, owned.before);
  if (outcome === 'foreign') return 'left alone, changed by others since';
  return outcome === 'gone' ? 'gone already' : 'removed';
}

/**
 * Undoes every live entry, newest first. What cannot be undone stays in the journal for the next time. Returns one
 * line an entry.
 *
 * Of an entry that an earlier boot made, only a file is still there to be restored: the kernel's state and
 * the resolvers' went with the restart, and an interface may have our old name by chance.
 */
export async function undoLeftovers(
  journal: Journal,
  environment: UndoEnvironment,
  bootId: string,
): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const entry of [...journal.live()].reverse()) {
    const [route] = routesOwned([entry]);
    const [dns] = dnsOwned([entry]);
    const owned = route ?? dns;
    if (!owned) {
      lines.push(`journal entry ${entry.id} (${entry.kind}) is not understood and stays`);
      continue;
    }
    try {
      let outcome: string;
      if (entry.bootId !== bootId && owned.item.kind !== 'dns-file') outcome = 'gone with the restart';
      else
        outcome = route
          ? await undoRoute(route, environment)
          : await undoDns(owned as OwnedDns, environment.dns);
      await journal.done([entry.id]);
      lines.push(`left by a crash: ${describeItem(owned.item, outcome)}`);
    } catch (error) {
      lines.push(`left by a crash: ${describeItem(owned.item, `not undone: ${String(error)}`)}`);
    }
  }
  return lines;
}

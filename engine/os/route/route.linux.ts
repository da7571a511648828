/**
 * Links, addresses, routes and rules on Linux, through iproute2's `ip`.
 *
 * `ip` rather than rtnetlink through koffi: its commands stand in the log and in every error as an administrator
 * would type them, and `-batch` makes one process of any number of changes.
 *
 * Kernel facts that the commands rest on:
 * - An address is added `noprefixroute` at full length: no connected route appears in main, and no address is
 *   another's secondary that goes when the first one goes.
 * - `nodad`: on a tun nobody answers duplicate address detection, and a tentative address cannot be a preferred source.
 * - `addrgenmode ${OUR_ADDRESS_MODE}` before the link comes up: otherwise the kernel makes a link-local address, and sends router
 *   solicitations into the tunnel.
 * - Deleting an IPv4 address takes the routes that prefer it along, so routes are replaced before addresses go.
 * - A table that never had a route does not exist: showing it fails, and means that it is empty.
 * - rp_filter=1 looks the sender up through the same rules: the gateway's by way of the throw in main, the far
 *   network's in our table. So strict filtering holds with no mark and no exception.
 */
import { readFile } from 'node:fs/promises';
import { type CommandResult, type CommandRunner, commandLine } from '../command.ts';
import { OsError, type OsErrorCode } from '../error.ts';
import { readLinks, readRoutes, readRules } from './ip-json.ts';
import { familyOf, OUR_ADDRESS_MODE } from './plan.ts';
import type {
  Family,
  ObservedLink,
  ObservedRoute,
  ObservedRoutes,
  ObservedRule,
  RouteItem,
  RoutePort,
  RouteStep,
  Routing,
} from './port.ts';

/**
 * Table and rule preference 4500 (as the UDP port), protocol 145, which no routing daemon is registered for. The
 * preference lies below those of Tailscale (5210 and up) and main (32766): the first rule that matches decides.
 */
export const CULVERT_ROUTING: Routing = { table: 4500, preference: 4500, protocol: 145 };

/** include/uapi/linux/if_link.h, IN6_ADDR_GEN_MODE_*, in iproute2's words. */
const ADDRESS_MODES = ['eui64', 'none', 'stable_secret', 'random'] as const;

async function readSetting(iface: string, name: string): Promise<string | undefined> {
  try {
    return (await readFile(`/proc/sys/net/ipv6/conf/${iface}/${name}`, 'utf8')).trim();
  } catch {
    return undefined;
  }
}

async function showLink(commands: CommandRunner, name: string): Promise<ObservedLink | undefined> {
  const shown = await commands.run('ip', ['-j', 'address', 'show', 'dev', name]);
  // The only way to fail with a well-formed name is that there is no such interface.
  if (shown.status !== 0) return undefined;
  const link = readLinks(shown.stdout).find((l) => l.name === name);
  if (!link) return undefined;
  const mode = await readSetting(name, 'addr_gen_mode');
  const disabled = await readSetting(name, 'disable_ipv6');
  return {
    mtu: link.mtu,
    up: link.up,
    addresses: link.addresses,
    addressMode: mode === undefined ? null : (ADDRESS_MODES[Number(mode)] ?? null),
    ipv6: disabled === '0',
  };
}

async function show(commands: CommandRunner, args: readonly string[]): Promise<CommandResult> {
  const shown = await commands.run('ip', args);
  return /FIB table does not exist|not supported by protocol/.test(shown.stderr)
    ? { status: 0, stdout: '', stderr: '' }
    : shown;
}

async function showAll<T>(
  commands: CommandRunner,
  family: Family,
  object: readonly string[],
  read: (text: string, family: Family) => T[],
): Promise<T[]> {
  const args = [`-${family}`, '-N', '-j', ...object];
  const shown = await show(commands, args);
  const failed = (detail: string): OsError =>
    new OsError(
      'route-failed',
      'the routes of this host cannot be read',
      `${commandLine('ip', args)}: ${detail}`,
    );
  if (shown.status !== 0) throw failed(shown.stderr.trim());
  try {
    return read(shown.stdout, family);
  } catch (error) {
    throw failed(String(error));
  }
}

async function observe(
  commands: CommandRunner,
  interfaces: readonly string[],
  routing: Routing,
): Promise<ObservedRoutes> {
  const links = new Map<string, ObservedLink>();
  const routeShow = ['route', 'show', 'table', String(routing.table)];
  const linkShow = interfaces.map(async (name) => {
    const link = await showLink(commands, name);
    if (link) links.set(name, link);
  });
  const [routes, rules] = await Promise.all([
    Promise.all([
      showAll<ObservedRoute>(commands, 4, routeShow, readRoutes),
      showAll<ObservedRoute>(commands, 6, routeShow, readRoutes),
    ]),
    Promise.all([
      showAll<ObservedRule>(commands, 4, ['rule', 'show'], readRules),
      showAll<ObservedRule>(commands, 6, ['rule', 'show'], readRules),
    ]),
    ...linkShow,
  ]);
  return { links, routes: routes.flat(), rules: rules.flat() };
}

const stepFamily = (item: RouteItem): Family => {
  switch (item.kind) {
    case 'link':
      return 4;
    case 'address':
      return familyOf(item.address);
    case 'route':
    case 'throw':
      return familyOf(item.destination);
    case 'rule':
      return item.family;
  }
};

/** What follows `ip` for an item's route, rule or address. */
function object(item: Exclude<RouteItem, { kind: 'link' }>): string {
  switch (item.kind) {
    case 'address': {
      const ipv6 = familyOf(item.address) === 6;
      return `${item.address}/${ipv6 ? 128 : 32} dev ${item.interface}`;
    }
    case 'route': {
      const source = item.source === null ? '' : ` src ${item.source}`;
      return `${item.destination} dev ${item.interface}${source} table ${item.table} proto ${item.protocol} metric ${item.metric}`;
    }
    case 'throw':
      return `throw ${item.destination} table ${item.table} proto ${item.protocol} metric ${item.metric}`;
    case 'rule':
      return `pref ${item.preference} lookup ${item.table} protocol ${item.protocol}`;
  }
}

/** The `ip` commands, without `ip`, that make an item so. */
export function addLines({ item, before }: RouteStep): string[] {
  switch (item.kind) {
    case 'link': {
      const lines = [`link set dev ${item.interface} mtu ${item.mtu} up`];
      if (before && !before.up && before.addressMode !== null && before.addressMode !== OUR_ADDRESS_MODE) {
        lines.unshift(`link set dev ${item.interface} addrgenmode ${OUR_ADDRESS_MODE}`);
      }
      return lines;
    }
    case 'address':
      return [`address add ${object(item)}${familyOf(item.address) === 6 ? ' nodad' : ''} noprefixroute`];
    case 'route':
    case 'throw':
      return [`route replace ${object(item)}`];
    case 'rule':
      return [`rule add ${object(item)}`];
  }
}

/** The `ip` commands, without `ip`, that take an item away. */
export function removeLines({ item, before }: RouteStep): string[] {
  switch (item.kind) {
    case 'link': {
      if (before === null) return [];
      const lines = [`link set dev ${item.interface} mtu ${before.mtu}${before.up ? '' : ' down'}`];
      if (!before.up && before.addressMode !== null && before.addressMode !== OUR_ADDRESS_MODE) {
        lines.push(`link set dev ${item.interface} addrgenmode ${before.addressMode}`);
      }
      return lines;
    }
    case 'address':
      return [`address del ${object(item)}`];
    case 'route':
    case 'throw':
      return [`route del ${object(item)}`];
    case 'rule':
      return [`rule del ${object(item)}`];
  }
}

interface Batch {
  readonly family: Family;
  readonly lines: readonly string[];
  /** The item that each line is for. */
  readonly items: readonly RouteItem[];
}

function batches(
  steps: readonly RouteStep[],
  families: readonly Family[],
  make: (step: RouteStep) => string[],
): Batch[] {
  return families.flatMap((family) => {
    const lines: string[] = [];
    const items: RouteItem[] = [];
    for (const step of steps) {
      if (stepFamily(step.item) !== family) continue;
      for (const line of make(step)) {
        lines.push(line);
        items.push(step.item);
      }
    }
    return lines.length === 0 ? [] : [{ family, lines, items }];
  });
}

function failure(batch: Batch, result: CommandResult): OsError {
  const stderr = result.stderr.trim();
  const at = Number(/Command failed -:(\d+)/.exec(stderr)?.[1] ?? 1) - 1;
  const item = batch.items[at];
  const said = stderr.replace(/\s*Command failed -:\d+/, '');
  const isAddress = item?.kind === 'address' || item?.kind === 'link';
  const code: OsErrorCode = /not permitted/.test(stderr)
    ? 'permission'
    : isAddress
      ? 'address-failed'
      : 'route-failed';
  const what =
    code === 'permission'
      ? 'changing addresses and routes needs more rights (CAP_NET_ADMIN)'
      : isAddress
        ? 'an address or the interface could not be set'
        : 'a route could not be set';
  return new OsError(code, what, `ip -${batch.family} ${batch.lines[at] ?? ''}: ${said}`);
}

/** The port on Linux. */
export function linuxRoutes(commands: CommandRunner): RoutePort {
  return {
    observe: (interfaces, routing): Promise<ObservedRoutes> => observe(commands, interfaces, routing),
    add: async (steps): Promise<void> => {
      for (const batch of batches(steps, [4, 6], addLines)) {
        const input = `${batch.lines.join('\n')}\n`;
        const result = await commands.run('ip', [`-${batch.family}`, '-batch', '-'], { input });
        if (result.status !== 0) throw failure(batch, result);
      }
    },
    remove: async (steps): Promise<string> => {
      const said: string[] = [];
      // IPv6 first: the links are in the IPv4 batch, and come down last.
      for (const batch of batches(steps, [6, 4], removeLines)) {
        const input = `${batch.lines.join('\n')}\n`;
        const result = await commands.run('ip', [`-${batch.family}`, '-force', '-batch', '-'], { input });
        if (result.status !== 0) said.push(result.stderr.trim());
      }
      return said.join('; ');
    },
  };
}

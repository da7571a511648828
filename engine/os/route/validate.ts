/** Checks a wished host state, and items read back from the journal, before any of it reaches a command. Pure. */
import { canonicalIp, formatPrefix, isIpv6, type Prefix, parseIp, parsePrefix } from '../../base/ip.ts';
import { OsError } from '../error.ts';
import type { HostState } from '../port.ts';
import { hostPrefix } from './plan.ts';
import type { LinkBefore, RouteItem } from './port.ts';

/** Linux: IFNAMSIZ is 16 with the ending NUL. Narrower than the kernel: nothing that a command could misread. */
const INTERFACE = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/;
/** A domain of at most 253 characters in LDH labels; a service label may begin with an underscore. */
const DOMAIN = /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}))*$/;
const MIN_MTU = 68;
const MAX_MTU = 65_535;

export const isInterfaceName = (name: string): boolean => INTERFACE.test(name);
export const isDomain = (name: string): boolean => DOMAIN.test(name.replace(/\.$/, ''));
export const isMtu = (mtu: number): boolean => Number.isInteger(mtu) && mtu >= MIN_MTU && mtu <= MAX_MTU;

function isPrefix(prefix: Prefix): boolean {
  const bytes = parseIp(prefix.address);
  return (
    bytes !== undefined &&
    Number.isInteger(prefix.length) &&
    prefix.length >= 0 &&
    prefix.length <= bytes.length * 8
  );
}

/** @throws OsError `address-failed`, `route-failed` or `dns-failed`, naming the field and the value */
export function checkHostState(state: HostState): void {
  if (!isInterfaceName(state.interface)) {
    throw new OsError('address-failed', `interface: not an interface name: ${state.interface}`);
  }
  if (!isMtu(state.mtu)) throw new OsError('address-failed', `mtu: not between 68 and 65535: ${state.mtu}`);
  for (const a of state.addresses) {
    if (!isPrefix(a)) throw new OsError('address-failed', `addresses: not an address: ${formatPrefix(a)}`);
  }
  for (const r of state.routes) {
    if (!isPrefix(r)) throw new OsError('route-failed', `routes: not a prefix: ${formatPrefix(r)}`);
  }
  for (const b of state.bypass) {
    if (hostPrefix(b) === undefined) throw new OsError('route-failed', `bypass: not an address: ${b}`);
  }
  for (const n of state.local ?? []) {
    if (!isPrefix(n)) throw new OsError('route-failed', `local: not a prefix: ${formatPrefix(n)}`);
  }
  for (const s of state.dns.servers) {
    if (canonicalIp(s) === undefined) throw new OsError('dns-failed', `dns.servers: not an address: ${s}`);
  }
  for (const d of state.dns.domains) {
    if (!isDomain(d)) throw new OsError('dns-failed', `dns.domains: not a domain name: ${d}`);
  }
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isNumber = (value: unknown, max: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max;
const isAddress = (value: unknown): value is string =>
  typeof value === 'string' && canonicalIp(value) === value;
const isDestination = (value: unknown): value is string => {
  const prefix = typeof value === 'string' ? parsePrefix(value) : undefined;
  return prefix !== undefined && formatPrefix(prefix) === value;
};
const MAX_U32 = 0xffff_ffff;

/** An item as the journal holds it, or undefined when the value is none. */
export function readRouteItem(value: unknown): RouteItem | undefined {
  if (!isFields(value)) return undefined;
  const {
    kind,
    interface: name,
    mtu,
    address,
    table,
    protocol,
    destination,
    metric,
    source,
    family,
    preference,
  } = value;
  const iface = typeof name === 'string' && isInterfaceName(name) ? name : undefined;
  const inTable = isNumber(table, MAX_U32) && isNumber(protocol, 255);
  switch (kind) {
    case 'link':
      return iface !== undefined && isNumber(mtu, MAX_MTU) ? { kind, interface: iface, mtu } : undefined;
    case 'address':
      return iface !== undefined && isAddress(address) ? { kind, interface: iface, address } : undefined;
    case 'route': {
      if (iface === undefined || !inTable || !isDestination(destination)) return undefined;
      if (!isNumber(metric, MAX_U32) || !(source === null || isAddress(source))) return undefined;
      if (source !== null && isIpv6(source) !== isIpv6(destination)) return undefined;
      return { kind, table, protocol, destination, metric, interface: iface, source };
    }
    case 'throw':
      return inTable && isDestination(destination) && isNumber(metric, MAX_U32)
        ? { kind, table, protocol, destination, metric }
        : undefined;
    case 'rule':
      return inTable && (family === 4 || family === 6) && isNumber(preference, MAX_U32)
        ? { kind, family, table, protocol, preference }
        : undefined;
    default:
      return undefined;
  }
}

const ADDRESS_MODES: readonly unknown[] = ['eui64', 'none', 'stable_secret', 'random', null];

/** What a link was, as the journal holds it, or null when the value is none. */
export function readLinkBefore(value: unknown): LinkBefore | null {
  if (!isFields(value)) return null;
  const { mtu, up, addressMode } = value;
  if (!isNumber(mtu, MAX_MTU) || typeof up !== 'boolean' || !ADDRESS_MODES.includes(addressMode)) return null;
  return { mtu, up, addressMode: addressMode as string | null };
}

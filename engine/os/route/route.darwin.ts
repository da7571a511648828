/**
 * Links, addresses and routes on Darwin: ioctl on the interface (netintro(4)), messages to a routing socket
 * (route(4)), and PF_ROUTE's sysctl to see what is there. How they stand for the plan's items is told in
 * `table.darwin.ts`.
 *
 * Kernel facts that the calls rest on:
 * - A utun is a point-to-point link: an IPv4 address wants a far end, for which it names itself.
 * - The kernel answers a message by the result of `write`; nothing has to be read.
 * - A utun takes its addresses and routes with it, so that a crash leaves the gateways' host routes alone.
 */
import { parseIp, parsePrefix } from '../../base/ip.ts';
import { OsError, type OsErrorCode } from '../error.ts';
import {
  AF,
  ERRNO,
  FOR_EVER,
  IFALIASREQ,
  IFF_UP,
  IFREQ,
  IN6_ALIASREQ,
  IN6_IFF_NODAD,
  IN6_IFREQ,
  RTF,
  RTM,
  SIOC,
  SOCK,
} from '../ffi/abi.darwin.ts';
import type { DarwinLibc } from '../ffi/libc.darwin.ts';
import { addressOf, fixedMemory } from '../ffi/memory.ts';
import { darwinLinks, darwinTable } from './dump.darwin.ts';
import {
  inetSockaddr,
  linkSockaddr,
  maskSockaddr,
  type RouteMessage,
  type TableLink,
  type TableRoute,
  writeRouteMessage,
} from './messages.darwin.ts';
import type { LinkBefore, RouteItem, RoutePort, RouteStep, Routing } from './port.ts';
import { destinationsOf, isOurs, observedRoutes, wayWithoutUs } from './table.darwin.ts';

/** There are no tables here; the items of the plan carry these numbers all the same. */
export const DARWIN_ROUTING: Routing = { table: 0, preference: 0, protocol: 0 };

const LOOPBACK = { 4: Uint8Array.of(127, 0, 0, 1), 16: new Uint8Array(16).fill(1, 15) } as const;

function failure(code: OsErrorCode, doing: string, errno: number): OsError {
  const denied = errno === ERRNO.EPERM || errno === ERRNO.EACCES;
  const what = denied
    ? 'changing addresses and routes needs root'
    : code === 'route-failed'
      ? errno === ERRNO.EEXIST
        ? 'there is a route to the same destination already'
        : 'a route could not be set'
      : 'an address or the interface could not be set';
  return new OsError(denied ? 'permission' : code, what, `${doing}: errno ${errno}`);
}

interface Sockets {
  /** 0 or the error number. */
  ioctl(family: number, request: number, argument: Uint8Array): number;
  tell(message: Uint8Array): number;
}

/** One set of sockets for a row of changes. @throws OsError when there are none */
function withSockets<T>(libc: DarwinLibc, use: (sockets: Sockets) => T): T {
  const open = new Map<number, number>();
  const socket = (family: number, type: number): number => {
    const known = open.get(family);
    if (known !== undefined) return known;
    const fd = libc.socket(family, type, 0);
    if (fd < 0) throw failure('route-failed', `socket ${family}`, libc.errno());
    open.set(family, fd);
    return fd;
  };
  const result = (done: boolean): number => (done ? 0 : libc.errno());
  try {
    return use({
      ioctl: (family, request, argument) =>
        result(libc.ioctl(socket(family, SOCK.DGRAM), request, addressOf(argument)) >= 0),
      tell: (message) =>
        result(libc.write(socket(AF.ROUTE, SOCK.RAW), addressOf(message), message.length) >= 0),
    });
  } finally {
    for (const fd of open.values()) libc.close(fd);
  }
}

const octetsOf = (address: string): Uint8Array => parseIp(address) ?? new Uint8Array(4);

function named(size: number, name: string): { memory: Uint8Array<ArrayBuffer>; view: DataView } {
  const memory = fixedMemory(size);
  memory.set(new TextEncoder().encode(name));
  return { memory, view: new DataView(memory.buffer) };
}

function addAddress(sockets: Sockets, name: string, address: string): number {
  const octets = octetsOf(address);
  const own = inetSockaddr(octets);
  if (octets.length === 4) {
    const { memory } = named(IFALIASREQ.size, name);
    memory.set(own, IFALIASREQ.addr);
    memory.set(own, IFALIASREQ.broadaddr);
    memory.set(maskSockaddr(32, 4), IFALIASREQ.mask);
    return sockets.ioctl(AF.INET, SIOC.AIFADDR, memory);
  }
  const { memory, view } = named(IN6_ALIASREQ.size, name);
  memory.set(own, IN6_ALIASREQ.addr);
  memory.set(maskSockaddr(128, 16), IN6_ALIASREQ.prefixmask);
  // On a utun nobody answers duplicate address detection.
  view.setUint32(IN6_ALIASREQ.flags, IN6_IFF_NODAD, true);
  view.setUint32(IN6_ALIASREQ.vltime, FOR_EVER, true);
  view.setUint32(IN6_ALIASREQ.pltime, FOR_EVER, true);
  return sockets.ioctl(AF.INET6, SIOC.AIFADDR_IN6, memory);
}

function removeAddress(sockets: Sockets, name: string, address: string): number {
  const octets = octetsOf(address);
  const v4 = octets.length === 4;
  const { memory } = named(v4 ? IFREQ.size : IN6_IFREQ.size, name);
  memory.set(inetSockaddr(octets), v4 ? IFREQ.union : IN6_IFREQ.addr);
  return v4
    ? sockets.ioctl(AF.INET, SIOC.DIFADDR, memory)
    : sockets.ioctl(AF.INET6, SIOC.DIFADDR_IN6, memory);
}

function setLink(sockets: Sockets, name: string, { mtu, up }: Omit<LinkBefore, 'addressMode'>): number {
  const { memory, view } = named(IFREQ.size, name);
  view.setInt32(IFREQ.union, mtu, true);
  const changed = sockets.ioctl(AF.INET, SIOC.SIFMTU, memory);
  if (changed !== 0) return changed;
  const asked = sockets.ioctl(AF.INET, SIOC.GIFFLAGS, memory);
  if (asked !== 0) return asked;
  const flags = view.getUint16(IFREQ.union, true);
  view.setUint16(IFREQ.union, up ? flags | IFF_UP : flags & ~IFF_UP, true);
  return sockets.ioctl(AF.INET, SIOC.SIFFLAGS, memory);
}

interface World {
  readonly sockets: Sockets;
  readonly links: readonly TableLink[];
  readonly table: readonly TableRoute[];
}

/** Destination and mask, which is what a route is known by. */
function keyOf(
  destination: string,
): Pick<RouteMessage, 'destination' | 'netmask'> & { readonly host: number } {
  const { address, length } = parsePrefix(destination) ?? { address: '0.0.0.0', length: 0 };
  const octets = octetsOf(address);
  if (length === 8 * octets.length) return { destination: inetSockaddr(octets), host: RTF.HOST };
  const netmask = maskSockaddr(length, octets.length === 4 ? 4 : 16);
  return { destination: inetSockaddr(octets), netmask, host: 0 };
}

let sequence = 0;

function tell(
  sockets: Sockets,
  type: number,
  destination: string,
  flags: number,
  more: Partial<RouteMessage>,
): number {
  const { host, ...key } = keyOf(destination);
  sequence = (sequence + 1) & 0x7fff_ffff;
  const whole = flags | host | RTF.UP | RTF.STATIC | RTF.PROTO1;
  return sockets.tell(writeRouteMessage({ ...more, ...key, type, flags: whole, seq: sequence }));
}

function addRoute(world: World, destination: string, name: string, source: string | null): number {
  const link = world.links.find((l) => l.name === name);
  if (!link) return ERRNO.ENOENT;
  const more = {
    gateway: linkSockaddr(link.index),
    ifa: source === null ? undefined : inetSockaddr(octetsOf(source)),
  };
  for (const part of destinationsOf(destination)) {
    let errno = tell(world.sockets, RTM.ADD, part, 0, more);
    const there = world.table.some((r) => r.destination === part && r.index === link.index && isOurs(r));
    // Ours from before: it now sends from another address.
    if (errno === ERRNO.EEXIST && there) errno = tell(world.sockets, RTM.CHANGE, part, 0, more);
    if (errno !== 0) return errno;
  }
  return 0;
}

/** A gateway without a way gets a dead end: its packets must not go round in the tunnel. */
function addBypass({ sockets, table }: World, destination: string): number {
  const address = octetsOf(destination.split('/')[0] ?? '');
  const way = wayWithoutUs(table, address);
  const flags = way ? way.flags & RTF.GATEWAY : RTF.GATEWAY | RTF.REJECT;
  const gateway = way ? way.gateway : inetSockaddr(LOOPBACK[address.length === 4 ? 4 : 16]);
  const add = (): number => tell(sockets, RTM.ADD, destination, flags, { gateway });
  const errno = add();
  if (errno !== ERRNO.EEXIST) return errno;
  // A host route that somebody else has made already says how the gateway is reached.
  if (!table.some((r) => r.destination === destination && isOurs(r))) return 0;
  const removed = tell(sockets, RTM.DELETE, destination, 0, {});
  return removed === 0 || removed === ERRNO.ESRCH ? add() : removed;
}

function add(world: World, { item }: RouteStep): number {
  switch (item.kind) {
    case 'link':
      return setLink(world.sockets, item.interface, { mtu: item.mtu, up: true });
    case 'address':
      return addAddress(world.sockets, item.interface, item.address);
    case 'route':
      return addRoute(world, item.destination, item.interface, item.source);
    case 'throw':
      return addBypass(world, item.destination);
    case 'rule':
      return 0;
  }
}

function remove(world: World, { item, before }: RouteStep): number {
  switch (item.kind) {
    case 'link':
      return before === null ? 0 : setLink(world.sockets, item.interface, before);
    case 'address':
      return removeAddress(world.sockets, item.interface, item.address);
    case 'route':
    case 'throw': {
      const index =
        item.kind === 'route' ? world.links.find((l) => l.name === item.interface)?.index : undefined;
      const ours = new Set(
        world.table
          .filter((r) => isOurs(r) && (index === undefined || r.index === index))
          .map((r) => r.destination),
      );
      const parts = destinationsOf(item.destination).filter((part) => ours.has(part));
      return (
        parts.map((part) => tell(world.sockets, RTM.DELETE, part, 0, {})).find((errno) => errno !== 0) ?? 0
      );
    }
    case 'rule':
      return 0;
  }
}

function describe(item: RouteItem): string {
  switch (item.kind) {
    case 'link':
      return `${item.interface} mtu ${item.mtu}`;
    case 'address':
      return `${item.interface} address ${item.address}`;
    case 'route':
      return `route ${item.destination} into ${item.interface}`;
    case 'throw':
      return `host route ${item.destination}`;
    case 'rule':
      return 'rule';
  }
}

/** The port on Darwin. */
export function darwinRoutes(libc: DarwinLibc): RoutePort {
  const world = (sockets: Sockets): World => ({
    sockets,
    links: darwinLinks(libc),
    table: darwinTable(libc),
  });
  return {
    observe: async (interfaces, routing) =>
      observedRoutes(darwinTable(libc), darwinLinks(libc), interfaces, routing),
    add: async (steps) =>
      withSockets(libc, (sockets) => {
        const now = world(sockets);
        for (const step of steps) {
          const { item } = step;
          const errno = add(now, step);
          const code = item.kind === 'link' || item.kind === 'address' ? 'address-failed' : 'route-failed';
          if (errno !== 0) throw failure(code, describe(item), errno);
        }
      }),
    remove: async (steps) =>
      withSockets(libc, (sockets) => {
        const now = world(sockets);
        return steps
          .map((step) => [describe(step.item), remove(now, step)] as const)
          .filter(([, errno]) => errno !== 0 && errno !== ERRNO.ESRCH)
          .map(([what, errno]) => `${what}: errno ${errno}`)
          .join('; ');
      }),
  };
}

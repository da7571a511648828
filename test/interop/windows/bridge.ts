/**
 * The Linux side of the doubles: runs in the client's namespace, owns a real tun there, and does to that machine what
 * the doubles of wintun.dll and iphlpapi.dll are asked for. Every request is a line of the record.
 *
 *     node --import tsx bridge.ts PORT RECORD
 *
 * Requests come over TCP (see doubles/bridge.h), packets of the session over UDP to the same port. A connection that
 * says `watch` is told of every change of the machine's links, addresses and routes.
 */
import { execFileSync } from 'node:child_process';
import { createSocket, type RemoteInfo } from 'node:dgram';
import { appendFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { loadLinuxLibc } from '../../../engine/os/ffi/libc.linux.ts';
import type { Tun } from '../../../engine/os/tun/port.ts';
import { linuxTun } from '../../../engine/os/tun/tun.linux.ts';
import { Changes } from './changes.ts';

const [, , portText = '', record = ''] = process.argv;
const port = Number(portText);
const libc = loadLinuxLibc();
if (!libc) throw new Error('no system calls here');

/** winerror.h */
const ERROR = { invalid: 87, notFound: 1168, exists: 5010 } as const;
/** MIB_IPPROTO_LOCAL and MIB_IPPROTO_NETMGMT. */
const PROTOCOL = { local: 2, management: 3 } as const;
/** What Windows gives an Ethernet by itself. */
const USUAL_METRIC = 25;

class Refused extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`error ${code}`);
    this.code = code;
  }
}

interface MadeRoute {
  readonly index: string;
  readonly destination: string;
  readonly next: string;
  readonly metric: string;
}

let tun: Tun | undefined;
/** Whose connection made the tun: it goes with that, as an adapter goes with its process. */
let owner: Socket | undefined;
let tunIndex = '';
let peer: RemoteInfo | undefined;
const made: MadeRoute[] = [];
const metrics = new Map<string, string>();
const changes = new Changes();
/** The two families of an interface have an MTU each, which Linux does not know. */
const mtus = new Map<string, string>();

function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

const json = (...args: string[]): Record<string, unknown>[] =>
  JSON.parse(ip('-j', ...args) || '[]') as Record<string, unknown>[];

const links = (): Record<string, unknown>[] => json('address', 'show');

function nameOf(index: string): string {
  const link = links().find((each) => String(each.ifindex) === index);
  if (!link) throw new Refused(ERROR.notFound);
  return String(link.ifname);
}

function indexOf(name: unknown): string {
  const link = links().find((each) => each.ifname === name);
  if (!link) throw new Refused(ERROR.notFound);
  return String(link.ifindex);
}

const isV6 = (text: string): boolean => text.includes(':');

async function createAdapter(name: string): Promise<string> {
  if (tun || !libc) throw new Refused(ERROR.exists);
  tun = await linuxTun(libc).open({ name, mtu: 1500, offload: 'packet' });
  ip('link', 'set', 'dev', name, 'addrgenmode', 'none');
  for (const address of (links().find((each) => each.ifname === name)?.addr_info ?? []) as {
    local: string;
    prefixlen: number;
  }[])
    ip('address', 'del', `${address.local}/${address.prefixlen}`, 'dev', name);
  tun.onPackets((packets) => {
    if (peer) for (const packet of packets) udp.send(packet, peer.port, peer.address);
  });
  tunIndex = indexOf(name);
  return tunIndex;
}

function closeAdapter(): string {
  tun?.close();
  for (const each of made.filter((route) => route.index === tunIndex)) made.splice(made.indexOf(each), 1);
  tun = undefined;
  owner = undefined;
  peer = undefined;
  mtus.clear();
  return '';
}

function address(verb: string, index: string, text: string, length: string | undefined): string {
  const name = nameOf(index);
  const family = isV6(text) ? ['-6'] : ['-4'];
  const whole = `${text}/${length ?? (isV6(text) ? 128 : 32)}`;
  try {
    if (verb === 'add') {
      ip(...family, 'address', 'add', whole, 'dev', name, ...(isV6(text) ? ['nodad'] : []), 'noprefixroute');
    } else ip(...family, 'address', 'del', whole, 'dev', name);
  } catch {
    throw new Refused(verb === 'add' ? ERROR.exists : ERROR.notFound);
  }
  return '';
}

function route(verb: string, index: string, destination: string, next: string, metric: string): string {
  const family = isV6(destination) ? '-6' : '-4';
  const via = next === '0.0.0.0' || next === '::' ? [] : ['via', next];
  const at = made.findIndex(
    (each) => each.index === index && each.destination === destination && each.next === next,
  );
  if (verb === 'add' && at >= 0) throw new Refused(ERROR.exists);
  if (verb === 'delete' && at < 0) throw new Refused(ERROR.notFound);
  // A metric of zero means another thing to Linux, so all are one more.
  const rest = [destination, ...via, 'dev', nameOf(index), 'metric', String(Number(metric) + 1)];
  // As on Windows there may be another with the same destination and metric that leads elsewhere.
  ip(family, 'route', verb === 'add' ? 'append' : 'del', ...rest);
  if (verb === 'add') made.push({ index, destination, next, metric });
  else made.splice(at, 1);
  return '';
}

/** Routes as `INDEX PREFIX/LENGTH NEXT METRIC PROTOCOL`: those made here as they were asked for, then the others. */
function routes(): string {
  const own = made.map(
    (each) => `${each.index} ${each.destination} ${each.next} ${each.metric} ${PROTOCOL.management}`,
  );
  const mine = new Set(made.map((each) => `${each.destination} ${Number(each.metric) + 1}`));
  const others = (['-4', '-6'] as const).flatMap((family) =>
    json(family, 'route', 'show').flatMap(({ dst, dev, gateway, metric, protocol }) => {
      const any = family === '-4' ? '0.0.0.0' : '::';
      const text = dst === 'default' ? `${any}/0` : String(dst);
      const whole = text.includes('/') ? text : `${text}/${family === '-4' ? 32 : 128}`;
      if (mine.has(`${whole} ${String(metric ?? 0)}`)) return [];
      const number = protocol === 'kernel' ? PROTOCOL.local : PROTOCOL.management;
      return [`${indexOf(dev)} ${whole} ${String(gateway ?? any)} ${String(metric ?? 0)} ${number}`];
    }),
  );
  return [...own, ...others].join('\n');
}

const addresses = (): string =>
  links()
    .flatMap(({ ifindex, addr_info }) =>
      (addr_info as { local: string; prefixlen: number }[]).map(
        (each) => `${String(ifindex)} ${each.local}/${each.prefixlen}`,
      ),
    )
    .join('\n');

const interfaceFields = (link: Record<string, unknown>, family: string): string => {
  const key = `${String(link.ifindex)} ${family}`;
  const up = (link.flags as string[]).includes('UP') ? 1 : 0;
  return `${mtus.get(key) ?? String(link.mtu)} ${metrics.get(key) ?? USUAL_METRIC} ${up}`;
};

const interfaces = (): string =>
  links()
    .flatMap((link) =>
      ['4', '6'].map((family) => `${String(link.ifindex)} ${family} ${interfaceFields(link, family)}`),
    )
    .join('\n');

function setInterface(index: string, family: string, mtu: string, metric: string): string {
  const name = nameOf(index);
  if (family === '6' && Number(mtu) < 1280) throw new Refused(ERROR.invalid);
  if (family === '4') ip('link', 'set', 'dev', name, 'mtu', mtu);
  mtus.set(`${index} ${family}`, mtu);
  metrics.set(`${index} ${family}`, metric);
  return '';
}

function best(to: string): string {
  const [way] = json('route', 'get', to);
  if (!way) throw new Refused(ERROR.notFound);
  return `${indexOf(way.dev)} ${String(way.prefsrc)}`;
}

async function answer(line: string): Promise<string> {
  const [object = '', verb = '', ...rest] = line.split(' ');
  const [a = '', b = '', c = '', d = '', e] = rest;
  switch (`${object} ${verb}`) {
    case 'adapter create':
      return createAdapter(a);
    case 'adapter close':
      return closeAdapter();
    case 'address add':
    case 'address delete':
      return address(verb, a, b, verb === 'add' ? c : undefined);
    case 'route add':
    case 'route delete':
      return route(verb, a, b, c, d);
    case 'interface get': {
      const link = links().find((each) => String(each.ifindex) === a);
      if (!link) throw new Refused(ERROR.notFound);
      return interfaceFields(link, b);
    }
    case 'interface set':
      return setInterface(a, b, c, d);
    case 'notice register':
    case 'notice called':
    case 'notice cancel':
      return '';
    case 'notice follower':
      return changes.followed();
    case 'notice begins':
      return changes.begins();
    case 'change slow':
      return changes.slow(a);
    case 'table routes':
      return routes();
    case 'table addresses':
      return addresses();
    case 'table interfaces':
      return interfaces();
    default:
      if (object === 'best') return best(verb);
      if (object === 'index') return indexOf(verb);
      if (object === 'dns') return '';
      throw new Error(`what is ${line}? ${e ?? ''}`);
  }
}

const udp = createSocket('udp4');
udp.on('message', (packet, from) => {
  peer = from;
  if (packet.length > 0) tun?.write([packet]);
});
udp.bind(port, '127.0.0.1');

createServer((socket) => {
  let pending = '';
  let tail = Promise.resolve();
  const handle = async (line: string): Promise<void> => {
    let status = 0;
    let text = '';
    try {
      text = await answer(line);
      if (line.startsWith('adapter create')) owner = socket;
    } catch (error) {
      status = error instanceof Refused ? error.code : ERROR.invalid;
      if (!(error instanceof Refused)) console.error(line, error);
    }
    const said = text === '' || text.includes('\n') ? '' : ` => ${text}`;
    appendFileSync(record, `${status} ${line}${said}\n`);
    socket.write(`${status}\n${text === '' ? '' : `${text}\n`}.\n`);
  };
  socket.setEncoding('utf8').on('data', (text: string) => {
    pending += text;
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines)
      if (line === 'watch') changes.follow(socket);
      else tail = tail.then(() => handle(line));
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    if (owner !== socket) return;
    closeAdapter();
    appendFileSync(record, '0 adapter gone\n');
  });
}).listen(port, '127.0.0.1', () => console.log('ready'));

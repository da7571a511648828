/**
 * Traffic selectors as strongSwan writes them: `10.0.0.0/8`, `10.0.0.1-10.0.0.9` (also with `..`), each with an
 * optional `[protocol/port]` such as `[tcp/443]`, `[udp]`, `[/53]`, `[tcp/1000-2000]`, `[icmp/8]`; `dynamic` is our
 * own address. RFC 7296 §3.13.1.
 */
import { compareIp, parseIp, parsePrefix, prefixRange } from '../base/ip.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { ProfileSelector } from './profile.ts';

const PROTOCOLS: Readonly<Record<string, number>> = {
  icmp: 1,
  tcp: 6,
  udp: 17,
  gre: 47,
  esp: 50,
  ah: 51,
  'ipv6-icmp': 58,
  icmpv6: 58,
  sctp: 132,
};
const ICMP = [1, 58];

const decimal = (text: string, most: number): number | undefined =>
  /^[0-9]{1,5}$/.test(text) && Number(text) <= most ? Number(text) : undefined;

type Ports = Pick<ProfileSelector, 'protocol' | 'startPort' | 'endPort'>;

function parseProtocol(text: string): number | undefined {
  if (text === '' || text === '%any' || text === 'any') return 0;
  return Object.hasOwn(PROTOCOLS, text) ? PROTOCOLS[text] : decimal(text, 255);
}

/** ICMP type and code share the port field: type in the upper octet (RFC 4301 §4.4.1.1). */
function parseIcmp(protocol: number, text: string): Result<Ports, string> {
  const range = text.split('-');
  const low = decimal(range[0] ?? '', 255);
  const high = range.length === 2 ? decimal(range[1] ?? '', 255) : low;
  if (low === undefined || high === undefined || range.length > 2 || high < low)
    return err(`"${text}" is not an ICMP type (0 to 255)`);
  return ok({ protocol, startPort: low << 8, endPort: (high << 8) | 0xff });
}

function parsePorts(text: string): Result<Ports, string> {
  const [name = '', ports = '%any', more] = text.toLowerCase().split('/');
  const protocol = parseProtocol(name);
  if (protocol === undefined || more !== undefined)
    return err(`"${name}" is not a protocol (a name such as tcp, or 0 to 255)`);
  if (ports === '%any' || ports === 'any') return ok({ protocol, startPort: 0, endPort: 65535 });
  // RFC 4301 §4.4.1.1: OPAQUE is the range that runs backwards.
  if (ports === 'opaque' || ports === '%opaque') return ok({ protocol, startPort: 65535, endPort: 0 });
  if (ICMP.includes(protocol)) return parseIcmp(protocol, ports);
  const range = ports.split('-');
  const low = decimal(range[0] ?? '', 65535);
  const high = range.length === 2 ? decimal(range[1] ?? '', 65535) : low;
  if (low === undefined || high === undefined || range.length > 2 || high < low)
    return err(`"${ports}" is not a port or a range of ports`);
  return ok({ protocol, startPort: low, endPort: high });
}

function parseRange(text: string): Result<Pick<ProfileSelector, 'start' | 'end'>, string> {
  const ends = text.split(/\.\.|-/);
  if (ends.length === 2) {
    const start = parseIp((ends[0] ?? '').trim());
    const end = parseIp((ends[1] ?? '').trim());
    if (!start || !end) return err(`"${text}" is not a range of addresses`);
    if (start.length !== end.length) return err(`"${text}" mixes IPv4 and IPv6`);
    if (compareIp(start, end) > 0) return err(`"${text}" ends before it starts`);
    return ok({ start, end });
  }
  const prefix = parsePrefix(text);
  return prefix ? ok(prefixRange(prefix)) : err(`"${text}" is not an address, a prefix or a range`);
}

/** Reads one selector; the error says what is wrong with it, quoting the part. */
export function parseSelector(text: string): Result<ProfileSelector | 'dynamic', string> {
  const match = /^([^[\]]*)(?:\[([^[\]]*)\])?$/.exec(text.trim());
  if (!match || text.length > 200) return err(`"${text.slice(0, 60)}" is not a traffic selector`);
  const address = (match[1] ?? '').trim();
  const ports: Result<Ports, string> =
    match[2] === undefined ? ok({ protocol: 0, startPort: 0, endPort: 65535 }) : parsePorts(match[2].trim());
  if (address === 'dynamic' || address === '%dynamic') {
    if (match[2] !== undefined) return err('"dynamic" takes no protocol or port');
    return ok('dynamic');
  }
  const range = parseRange(address);
  if (!range.ok) return range;
  return ports.ok ? ok({ ...ports.value, ...range.value }) : ports;
}

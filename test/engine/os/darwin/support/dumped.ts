/** Routes as a Mac's kernel dumps them, written down from net/route.h and not by the code under test. */

const HEADER = 92;
const RTM_GET = 4;

/** `10.0.0.1` as a `struct sockaddr_in`, in hexadecimal. */
export const inet = (address: string): string =>
  `10020000${address
    .split('.')
    .map((octet) => Number(octet).toString(16).padStart(2, '0'))
    .join('')}${'00'.repeat(8)}`;

/** Sixteen octets in hexadecimal as a `struct sockaddr_in6`. */
export const inet6 = (address: string): string => `1c1e000000000000${address}00000000`;

/** A `struct sockaddr_dl` of an index. */
export const link = (index: number): string =>
  `1412${index.toString(16).padStart(2, '0')}00${'00'.repeat(16)}`;

export interface Dumped {
  readonly flags: number;
  readonly index: number;
  readonly destination: string;
  readonly gateway: string;
  /** As the kernel gives it: cut after its last octet that is not zero, and filled up to four. */
  readonly mask?: string;
  /** Of its metrics. */
  readonly mtu?: number;
}

export function dumpedRoute({ flags, index, destination, gateway, mask, mtu = 0 }: Dumped): Uint8Array {
  const body = Buffer.from(destination + gateway + (mask ?? ''), 'hex');
  const header = Buffer.alloc(HEADER);
  header.writeUInt16LE(HEADER + body.length, 0);
  header[2] = 5;
  header[3] = RTM_GET;
  header.writeUInt16LE(index, 4);
  header.writeInt32LE(flags, 8);
  header.writeInt32LE(mask === undefined ? 3 : 7, 12);
  header.writeUInt32LE(mtu, 40);
  return new Uint8Array(Buffer.concat([header, body]));
}

/** UP, GATEWAY, STATIC and the kernel's own RTF_PRCLONING. */
const DEFAULT_FLAGS = 0x1_0803;
const SCOPED = 0x100_0000;
/** UP, CLONING. */
const CONNECTED_FLAGS = 0x101;

/**
 * A Mac on Wi-Fi (en0, index 2) with a second, slower way out (en1, index 3), in both families:
 *
 *     default          192.0.2.1      en0        default  fe80::1  en0
 *     default          203.0.113.1    en1, scoped
 *     192.0.2.0/24     link           en0
 */
export const AT_HOME: readonly Uint8Array[] = [
  dumpedRoute({
    flags: DEFAULT_FLAGS,
    index: 2,
    destination: inet('0.0.0.0'),
    gateway: inet('192.0.2.1'),
    mask: '00000000',
  }),
  dumpedRoute({
    flags: DEFAULT_FLAGS | SCOPED,
    index: 3,
    destination: inet('0.0.0.0'),
    gateway: inet('203.0.113.1'),
    mask: '00000000',
  }),
  dumpedRoute({
    flags: CONNECTED_FLAGS,
    index: 2,
    destination: inet('192.0.2.0'),
    gateway: link(2),
    mask: '07000000ffffff00',
  }),
  dumpedRoute({
    flags: DEFAULT_FLAGS,
    index: 2,
    destination: inet6('00'.repeat(16)),
    gateway: inet6('fe800002000000000000000000000001'),
    mask: '00000000',
  }),
];

/** The same Mac when Wi-Fi is gone: the other way out is now the first. */
export const ON_THE_ROAD: readonly Uint8Array[] = [
  dumpedRoute({
    flags: DEFAULT_FLAGS,
    index: 3,
    destination: inet('0.0.0.0'),
    gateway: inet('203.0.113.1'),
    mask: '00000000',
  }),
];

/**
 * Outer addresses as the octets of a `struct sockaddr_in6`, IPv4 as mapped (RFC 4291 §2.5.5.2). Port and address sit
 * at the same offsets on every system; only the first two octets, the family, differ and are not looked at.
 */
import { readU16, writeU16 } from './bytes.ts';
import { type Endpoint, formatIp, parseIp } from './ip.ts';

export const SOCKADDR_LENGTH = 28;
const PORT_AT = 2;
const ADDRESS_AT = 8;

/** @throws RangeError when the address is none */
export function writeSockaddr(endpoint: Endpoint, out: Uint8Array, at: number): void {
  const address = parseIp(endpoint.address);
  if (!address) throw new RangeError(`not an address: ${endpoint.address}`);
  out.fill(0, at + PORT_AT, at + SOCKADDR_LENGTH);
  writeU16(out, at + PORT_AT, endpoint.port);
  if (address.length === 4) {
    out.fill(0xff, at + ADDRESS_AT + 10, at + ADDRESS_AT + 12);
    out.set(address, at + ADDRESS_AT + 12);
  } else out.set(address, at + ADDRESS_AT);
}

export const readEndpoint = (buffer: Uint8Array, at: number): Endpoint => ({
  address: readAddress(buffer, at + ADDRESS_AT),
  port: readU16(buffer, at + PORT_AT),
});

/** Where the sixteen octets of the address are. */
export const SOCKADDR_ADDRESS_AT: number = ADDRESS_AT;

/** Text of the sixteen octets at `at`; a mapped address comes out as IPv4. */
export function readAddress(buffer: Uint8Array, at: number): string {
  const octets = buffer.subarray(at, at + 16);
  const mapped = octets.subarray(0, 10).every((o) => o === 0) && octets[10] === 255 && octets[11] === 255;
  return formatIp(mapped ? octets.subarray(12) : octets);
}

/** Whether two encoded addresses name the same port and host. */
export function sameSockaddr(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): boolean {
  if (a[aAt + PORT_AT] !== b[bAt + PORT_AT] || a[aAt + PORT_AT + 1] !== b[bAt + PORT_AT + 1]) return false;
  // From the end: IPv4 addresses differ there, and mapped ones share the rest.
  for (let i = ADDRESS_AT + 15; i >= ADDRESS_AT; i--) if (a[aAt + i] !== b[bAt + i]) return false;
  return true;
}

/** The machine's own addresses, for a peer to know of (RFC 4555 §3.6). */
import { networkInterfaces } from 'node:os';

/** Global and private ones of interfaces that are up, without those of `except`, which are tunnels. */
export function ownAddresses(except: readonly string[]): readonly string[] {
  return Object.entries(networkInterfaces())
    .filter(([name]) => !except.includes(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !/^(fe[89ab].:|169\.254\.)/i.test(address))
    .map(({ address }) => address);
}

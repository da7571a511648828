/** The machine's own addresses, for a peer to know of (RFC 4555 §3.6). */
import { networkInterfaces } from 'node:os';
import { type Prefix, parsePrefix } from '../../base/ip.ts';

const PRIVATE = /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|f[cd][0-9a-f]{2}:)/i;

/** Networks of this machine that are private (RFC 1918, RFC 4193), without those of `except`. */
export function ownNetworks(except: readonly string[]): readonly Prefix[] {
  const prefixes = Object.entries(networkInterfaces())
    .filter(([name]) => !except.includes(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .filter(({ internal, address }) => !internal && PRIVATE.test(address))
    .flatMap(({ cidr }) => parsePrefix(cidr ?? '') ?? [])
    .filter(({ address, length }) => length < (address.includes(':') ? 128 : 32));
  return prefixes;
}

/** Global and private ones of interfaces that are up, without those of `except`, which are tunnels. */
export function ownAddresses(except: readonly string[]): readonly string[] {
  return Object.entries(networkInterfaces())
    .filter(([name]) => !except.includes(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !/^(fe[89ab].:|169\.254\.)/i.test(address))
    .map(({ address }) => address);
}

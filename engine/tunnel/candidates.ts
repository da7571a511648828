/**
 * In which order a gateway's addresses are tried, and for how long (RFC 8305 §4, §5). They are tried one after the
 * other, not at once as TCP connections may be: each IKE_SA_INIT makes the gateway compute a key exchange and keep a
 * half-open SA, and the one that lost would stay behind.
 */
import type { Millis } from '../base/brand.ts';
import { type Endpoint, isIpv6 } from '../base/ip.ts';

/** Where IKE with the non-ESP marker listens (RFC 7296 §2.23) and where IKE without it does (§2). */
export const ENCAPSULATED_PORT = 4500;
export const PLAIN_PORT = 500;

/** Families in turn, IPv6 first; each family keeps its own order, as the resolver ranked it. */
export function interleave(addresses: readonly string[]): string[] {
  const six = addresses.filter(isIpv6);
  const four = addresses.filter((a) => !isIpv6(a));
  const ordered: string[] = [];
  for (let i = 0; i < Math.max(six.length, four.length); i++) {
    for (const family of [six, four]) {
      const address = family[i];
      if (address !== undefined && !ordered.includes(address)) ordered.push(address);
    }
  }
  return ordered;
}

/**
 * Every endpoint worth trying, in order: all addresses of the first gateway before those of the next. Networks that
 * drop 4500 often still pass 500, so it comes last.
 * @param gateways the addresses of each
 */
export function candidates(gateways: readonly (readonly string[])[], port: number): Endpoint[] {
  const ordered = [...new Set(gateways.flatMap(interleave))];
  const ports = port === ENCAPSULATED_PORT ? [ENCAPSULATED_PORT, PLAIN_PORT] : [port];
  return ports.flatMap((p) => ordered.map((address) => ({ address, port: p })));
}

/** Three sends of the usual retransmission fall into it. */
const LONGEST = 8000;
/** Two of them. */
const SHORTEST = 2500;

/**
 * How long an endpoint may stay silent before the next one has its turn. The last may use what is left of the
 * attempt's patience; an endpoint that has answered may as well.
 * @param endpoints of the attempt
 */
export function turn(patience: Millis, endpoints: number): Millis {
  const share = Math.round(patience / Math.max(1, endpoints));
  return Math.min(LONGEST, Math.max(share, Math.min(SHORTEST, Math.round(patience / 2)))) as Millis;
}

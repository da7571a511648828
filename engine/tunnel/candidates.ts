/** In which order a gateway's addresses are tried: families in turn, IPv6 first (RFC 8305 §4). */
import { type Endpoint, isIpv6 } from '../base/ip.ts';

/** Where IKE with the non-ESP marker listens (RFC 7296 §2.23) and where IKE without it does (§2). */
export const ENCAPSULATED_PORT = 4500;
export const PLAIN_PORT = 500;

/** Keeps each family's own order, as the resolver ranked it. */
export function interleave(addresses: readonly string[]): string[] {
  const six = addresses.filter(isIpv6);
  const four = addresses.filter((a) => !isIpv6(a));
  const [first, second] = isIpv6(addresses[0] ?? '') || six.length === 0 ? [six, four] : [four, six];
  const ordered: string[] = [];
  for (let i = 0; i < Math.max(first.length, second.length); i++) {
    for (const family of [first, second]) {
      const address = family[i];
      if (address !== undefined && !ordered.includes(address)) ordered.push(address);
    }
  }
  return ordered;
}

/** Every endpoint worth trying, in order. Networks that drop 4500 often still pass 500, so it comes last. */
export function candidates(addresses: readonly string[], port: number): Endpoint[] {
  const ordered = interleave(addresses);
  const ports = port === ENCAPSULATED_PORT ? [ENCAPSULATED_PORT, PLAIN_PORT] : [port];
  return ports.flatMap((p) => ordered.map((address) => ({ address, port: p })));
}

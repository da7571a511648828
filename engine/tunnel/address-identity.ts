/** The identity of a side that was given none: the address that it sends from (RFC 7296 §3.5). */
import { parseIp } from '../base/ip.ts';
import type { Identity } from '../ike/contract.ts';
import { IdType } from '../wire/registry.ts';

export function addressIdentity(address: string): Identity {
  const data = parseIp(address) ?? new Uint8Array(4);
  return { idType: data.length === 4 ? IdType.IPV4_ADDR : IdType.IPV6_ADDR, data };
}

/** Virtual addresses for peers (RFC 7296 §2.19): one IPv4 and one IPv6 prefix, lowest free address first. */
import { formatIp, type Prefix, parseIp, prefixRange } from '../base/ip.ts';

/** Enough for any embedded use, and a bound on the search. */
const LARGEST = 65_536;

export class AddressPool {
  readonly #prefixes: readonly Prefix[];
  readonly #leased = new Map<string, string>();

  constructor(prefixes: readonly Prefix[]) {
    this.#prefixes = prefixes;
  }

  /** The lease of `owner` in a family: the one it has, or a fresh one; `undefined` when the pool is empty. */
  lease(owner: string, family: 4 | 6): string | undefined {
    const octets = family === 4 ? 4 : 16;
    for (const prefix of this.#prefixes) {
      if (parseIp(prefix.address)?.length !== octets) continue;
      for (const address of hostsOf(prefix)) {
        const holder = this.#leased.get(address);
        if (holder === owner) return address;
        if (holder === undefined && !this.#holds(owner, family)) {
          this.#leased.set(address, owner);
          return address;
        }
      }
    }
    return undefined;
  }

  release(owner: string): void {
    for (const [address, holder] of this.#leased) if (holder === owner) this.#leased.delete(address);
  }

  get used(): number {
    return this.#leased.size;
  }

  #holds(owner: string, family: 4 | 6): boolean {
    for (const [address, holder] of this.#leased)
      if (holder === owner && address.includes(':') === (family === 6)) return true;
    return false;
  }
}

/** Addresses that a host may have: without the first, and without the last of an IPv4 subnet. */
function* hostsOf(prefix: Prefix): Generator<string> {
  const { start } = prefixRange(prefix);
  const bits = start.length * 8 - prefix.length;
  const size = Math.min(LARGEST, 2 ** bits);
  if (size === 1) yield formatIp(start);
  const last = start.length === 4 ? size - 1 : size;
  for (let offset = 1; offset < last; offset++) {
    const address = start.slice();
    let carry = offset;
    for (let at = address.length - 1; at >= 0 && carry > 0; at--) {
      carry += address[at] as number;
      address[at] = carry & 0xff;
      carry >>>= 8;
    }
    yield formatIp(address);
  }
}

/** Peers' outer addresses, one object each however many SAs go there, and their NAT keepalives (RFC 3948 §4). */
import type { Instant } from '../base/brand.ts';
import { type Endpoint, isIpv6 } from '../base/ip.ts';
import { SOCKADDR_LENGTH, writeSockaddr } from '../base/sockaddr.ts';

export interface Target {
  readonly remote: Endpoint;
  readonly sockaddr: Uint8Array;
  readonly version: 4 | 6;
  /** When ESP or a keepalive last went there. */
  lastSent: Instant;
  /** 0 for none. */
  keepaliveMs: number;
  users: number;
}

const keyOf = (remote: Endpoint): string => `${remote.address} ${remote.port}`;

export class Targets {
  readonly #byKey = new Map<string, Target>();

  /** The peer's object, with one more user. @throws RangeError when the address is none */
  take(remote: Endpoint): Target {
    const target = this.#find(remote);
    target.users++;
    return target;
  }

  release(target: Target): void {
    target.users--;
    this.#forgetUnused(target);
  }

  keepalive(remote: Endpoint, intervalMs: number, now: Instant): void {
    const target = this.#find(remote);
    if (target.keepaliveMs === 0) target.lastSent = now;
    target.keepaliveMs = intervalMs;
    this.#forgetUnused(target);
  }

  nextDeadline(): Instant | undefined {
    let first: Instant | undefined;
    for (const { keepaliveMs, lastSent } of this.#byKey.values()) {
      if (keepaliveMs === 0) continue;
      const due = (lastSent + keepaliveMs) as Instant;
      if (first === undefined || due < first) first = due;
    }
    return first;
  }

  due(now: Instant, send: (target: Target) => void): void {
    for (const target of this.#byKey.values()) {
      if (target.keepaliveMs === 0 || target.lastSent + target.keepaliveMs > now) continue;
      target.lastSent = now;
      send(target);
    }
  }

  #find(remote: Endpoint): Target {
    const key = keyOf(remote);
    const known = this.#byKey.get(key);
    if (known) return known;
    const sockaddr = new Uint8Array(SOCKADDR_LENGTH);
    writeSockaddr(remote, sockaddr, 0);
    const target: Target = {
      remote,
      sockaddr,
      version: isIpv6(remote.address) ? 6 : 4,
      lastSent: 0 as Instant,
      keepaliveMs: 0,
      users: 0,
    };
    this.#byKey.set(key, target);
    return target;
  }

  #forgetUnused(target: Target): void {
    if (target.users === 0 && target.keepaliveMs === 0) this.#byKey.delete(keyOf(target.remote));
  }
}

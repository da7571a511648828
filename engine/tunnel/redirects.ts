/**
 * REDIRECT as a tunnel sees it (RFC 5685): which gateways it lets others send it to, which one takes the place of its
 * own, and when it has been sent on too often (§5, MAX_REDIRECTS within REDIRECT_LOOP_DETECT_PERIOD).
 */
import type { Instant } from '../base/brand.ts';
import type { Failure } from '../base/failure.ts';
import { minutes } from '../base/instant.ts';
import { canonicalIp, inRange, parseIp, prefixRange } from '../base/ip.ts';
import type { FollowRedirects, RedirectTarget } from '../ike/contract.ts';
import type { RedirectEffect } from './driver.ts';
import type { RedirectPlan, TunnelPlan } from './plan.ts';

const MAX_REDIRECTS = 5;
const LOOP_PERIOD = minutes(5);

/** Whether the profile vouches for a gateway: by its own hosts, or by those that it lets others name. */
export function isTrusted(hosts: readonly string[], { to }: RedirectPlan, target: RedirectTarget): boolean {
  if (target.kind === 'name') {
    const name = target.text;
    const own = hosts.map((host) => host.toLowerCase().replace(/\.$/, ''));
    return [...own, ...to.names].some((known) =>
      known.startsWith('*.') ? name.endsWith(known.slice(1)) : name === known,
    );
  }
  const ip = parseIp(target.text);
  if (!ip) return false;
  if (hosts.some((host) => canonicalIp(host) === target.text)) return true;
  return to.prefixes.some((prefix) => {
    const range = prefixRange(prefix);
    return range.start.length === ip.length && inRange(ip, range);
  });
}

export class Redirects {
  readonly #plan: Pick<TunnelPlan, 'hosts' | 'redirects'>;
  /** When each of the latest was taken. */
  #taken: Instant[] = [];
  #target: RedirectTarget | undefined;
  #from: string | undefined;
  #refused: Failure | undefined;

  constructor(plan: Pick<TunnelPlan, 'hosts' | 'redirects'>) {
    this.#plan = plan;
  }

  /** Where to connect to: the gateway that we were sent to, else the profile's own. */
  get hosts(): readonly string[] {
    return this.#target ? [this.#target.text] : this.#plan.hosts;
  }

  /**
   * For the next session; `undefined` follows nobody.
   * @param known what the profile's hosts are known to mean
   */
  policy(known: readonly string[]): FollowRedirects | undefined {
    const { hosts, redirects } = this.#plan;
    if (!redirects.follow) return undefined;
    return {
      trusts: (target) =>
        isTrusted(hosts, redirects, target) || (target.kind === 'address' && known.includes(target.text)),
      ...(this.#from === undefined ? {} : { from: this.#from }),
    };
  }

  /** Takes a redirect, unless it leads in circles; then the failure. `hosts` is the target from now on. */
  take({ target, phase, from }: RedirectEffect, now: Instant): Failure | undefined {
    this.#taken = this.#taken.filter((at) => now - at < LOOP_PERIOD);
    const circle = target.text === from;
    if (circle || this.#taken.length >= MAX_REDIRECTS) {
      const text = circle
        ? `the gateway ${target.text} sends us to itself`
        : `the gateways have sent us on ${MAX_REDIRECTS} times within ${LOOP_PERIOD / 60_000} minutes, and now to ${target.text}`;
      this.#refused = {
        code: 'REDIRECT_REFUSED',
        phase,
        message: text,
        authenticated: phase !== 'IKE_SA_INIT',
        check: 'loop',
      };
      return this.#refused;
    }
    this.#refused = undefined;
    this.#taken.push(now);
    this.#target = target;
    this.#from = from;
    return undefined;
  }

  /** Why a session has ended: one that wanted to send us in circles has ended for that. */
  judged(failure: Failure | undefined): Failure | undefined {
    return failure?.code === 'REDIRECTED' ? (this.#refused ?? failure) : failure;
  }

  /** The gateway is reached: whoever sent us there is no longer told of. */
  arrived(): void {
    this.#from = undefined;
  }

  /** The profile's own gateways come next. */
  forget(): void {
    this.#target = undefined;
    this.#from = undefined;
  }
}

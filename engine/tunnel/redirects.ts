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
import type { Scheduler } from './ports.ts';
import type { TunnelEvents } from './tunnel-parts.ts';

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

export interface RedirectsParts {
  readonly plan: Pick<TunnelPlan, 'hosts' | 'redirects'>;
  readonly world: { readonly scheduler: Pick<Scheduler, 'now'> };
  readonly events: Pick<TunnelEvents, 'note'>;
}

export class Redirects {
  readonly #parts: RedirectsParts;
  readonly #goOver: () => void;
  /** When each of the latest was taken. */
  #taken: Instant[] = [];
  #target: RedirectTarget | undefined;
  #from: string | undefined;
  /** The gateway that we are connected to was named by another; else it is the profile's own. */
  #settled: RedirectTarget | undefined;

  /** @param goOver makes a connection with `hosts` beside the one that is up */
  constructor(parts: RedirectsParts, goOver: () => void) {
    this.#parts = parts;
    this.#goOver = goOver;
  }

  /** We were sent to a gateway, and are not there yet. */
  get underWay(): boolean {
    return this.#target !== this.#settled;
  }

  /** Where to connect to: the gateway that we were sent to, else the profile's own. */
  get hosts(): readonly string[] {
    return this.#target ? [this.#target.text] : this.#parts.plan.hosts;
  }

  /**
   * For the next session; `undefined` follows nobody.
   * @param known what the profile's hosts are known to mean
   */
  policy(known: readonly string[]): FollowRedirects | undefined {
    const { hosts, redirects } = this.#parts.plan;
    if (!redirects.follow) return undefined;
    return {
      trusts: (target) =>
        isTrusted(hosts, redirects, target) || (target.kind === 'address' && known.includes(target.text)),
      ...(this.#from === undefined ? {} : { from: this.#from }),
    };
  }

  /**
   * The gateway sends us to another one, which takes the place of the profile's unless it leads in circles.
   * @returns why the session ends that said so; one that is established goes on
   */
  take({ target, phase, from }: RedirectEffect): Failure | undefined {
    const { world, events } = this.#parts;
    const now = world.scheduler.now();
    this.#taken = this.#taken.filter((at) => now - at < LOOP_PERIOD);
    const circle =
      target.text === from
        ? `the gateway ${target.text} sends us to itself`
        : this.#taken.length >= MAX_REDIRECTS
          ? `the gateways have sent us on ${MAX_REDIRECTS} times within ${LOOP_PERIOD / 60_000} minutes, and now to ${target.text}`
          : undefined;
    const ends = { phase, authenticated: phase !== 'IKE_SA_INIT' };
    if (circle !== undefined && phase === 'established') {
      events.note('warn', 'redirect', `not followed: ${circle}`);
      return undefined;
    }
    if (circle !== undefined) return { ...ends, code: 'REDIRECT_REFUSED', message: circle, check: 'loop' };
    this.#taken.push(now);
    this.#target = target;
    this.#from = from;
    if (phase !== 'established')
      return { ...ends, code: 'REDIRECTED', message: `the gateway sends us to ${target.text}` };
    this.#goOver();
    return undefined;
  }

  /** The gateway is reached: whoever sent us there is no longer told of. */
  arrived(): void {
    this.#settled = this.#target;
    this.#from = undefined;
  }

  /** The gateway that sent us away is gone: there is no staying. @returns whether one had */
  depart(): boolean {
    const sent = this.underWay;
    this.#settled = this.#target;
    return sent;
  }

  /** Nothing came of it: the gateway that we are connected to stays ours. */
  stay(): void {
    if (this.underWay) this.#from = undefined;
    this.#target = this.#settled;
  }

  /** The profile's own gateways come next. */
  forget(): void {
    this.#target = undefined;
    this.#settled = undefined;
    this.#from = undefined;
  }
}

/** Why a session has really ended. @param sentAway what `take` said when it was sent away before */
export function endOf(failure: Failure | undefined, sentAway: Failure | undefined): Failure | undefined {
  return failure === undefined || failure.code === 'REDIRECTED' ? (sentAway ?? failure) : failure;
}

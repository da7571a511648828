/**
 * Authenticating anew while the tunnel stays up (RFC 7296 §2.8.3, RFC 4478): another IKE SA with all CHILD_SAs is made
 * beside the one in use, takes its traffic, and only then does the old one end. Where the gateway wants no two of them,
 * the old one ends first. When nothing comes of it the old one stays until its authentication is over.
 */
import type { Instant, Millis } from '../base/brand.ts';
import type { Failure, FailureCode } from '../base/failure.ts';
import { after, between, earliest, millis } from '../base/instant.ts';
import { type Endpoint, formatPrefix } from '../base/ip.ts';
import type { DatapathEvent } from '../datapath/protocol.ts';
import type { NoteData } from '../ike/contract.ts';
import { fraction, softSpan } from '../ike/lifetime.ts';
import { asFailure, deserves } from './judgement.ts';
import type { Beside, Link } from './link.ts';
import { Patience } from './patience.ts';
import type { TunnelPlan } from './plan.ts';
import type { World } from './ports.ts';
import type { TunnelEvents } from './tunnel-parts.ts';
import type { Ready, UserSecrets } from './user-secrets.ts';

/** The link in the making, and what the tunnel needs when it becomes the only one. */
export interface Heir {
  readonly link: Link;
  readonly ready: Ready;
  readonly remote: Endpoint;
}

export interface ReauthenticationParts {
  readonly plan: Pick<TunnelPlan, 'reauth' | 'patience'>;
  readonly world: Pick<World, 'scheduler'> & { readonly ike: Pick<World['ike'], 'random'> };
  /** The link that carries the traffic. */
  readonly up: () => Link | undefined;
  readonly events: Pick<TunnelEvents, 'note'>;
  readonly secrets: () => Pick<UserSecrets, 'complete' | 'again' | 'withdraw'>;
  readonly make: (ready: Ready, remote: Endpoint, bypass: readonly string[], beside: Beside) => Link;
  /** The link carries the traffic in place of the one that did. */
  readonly switched: (link: Link) => void;
  readonly failed: (failure: Failure) => void;
  /** Ends the IKE SA, then makes another. */
  readonly renew: (failure: Failure) => void;
}

/** Between attempts that came to nothing: a third of what is left, but no less than this. */
const LEAST_WAIT = millis(10_000);
const AFTER_MOVE = millis(3_000);

/** The gateway knows us, and refuses for what is there already. */
const ONE_AT_A_TIME: ReadonlySet<FailureCode> = new Set([
  'INTERNAL_ADDRESS_FAILURE',
  'FAILED_CP_REQUIRED',
  'TS_UNACCEPTABLE',
  'NO_ADDITIONAL_SAS',
  'PEER_DELETED',
]);

interface Attempt {
  readonly cause: string;
  readonly began: Instant;
  /** Once there is something to connect with. */
  heir: Heir | undefined;
}

export class Reauthentication {
  readonly #parts: ReauthenticationParts;
  readonly #patience: Patience;
  #attempt: Attempt | undefined;
  /** Links that are being closed, and who waits for their end. */
  readonly #leaving = new Set<Link>();
  #waiters: (() => void)[] = [];
  /** By the profile: when to begin, and when the authentication is over. */
  #soft: Instant | undefined;
  #hard: Instant | undefined;
  #notBefore: Instant | undefined;
  /** No further attempt is of use. */
  #spent = false;

  constructor(parts: ReauthenticationParts) {
    this.#parts = parts;
    this.#patience = new Patience(parts.world.scheduler, () => this.#tooLong());
  }

  /** A link that was authenticated just now carries the traffic. */
  begin(): void {
    const { plan, world } = this.#parts;
    const now = world.scheduler.now();
    this.#spent = false;
    this.#notBefore = undefined;
    this.#soft = plan.reauth && after(now, softSpan(plan.reauth, fraction(world.ike.random)));
    this.#hard = plan.reauth && after(now, plan.reauth.lifetime);
  }

  /** Looks at the clock; once a second while a link carries traffic. */
  tick(): void {
    const { world, up, renew } = this.#parts;
    const view = up()?.view();
    if (!view) return;
    const now = world.scheduler.now();
    const ends = earliest(this.#hard, view.authExpiresAt);
    if (ends !== undefined && now >= ends) {
      this.drop();
      renew(over('the authentication is over, and no new one has come about'));
      return;
    }
    const [begins, cause] =
      view.reauthAt !== undefined && (this.#soft === undefined || view.reauthAt < this.#soft)
        ? [view.reauthAt, 'the gateway wants to see our credentials again']
        : [this.#soft, 'its lifetime is nearly over'];
    if (this.#attempt || this.#spent || begins === undefined || now < begins) return;
    if (this.#notBefore === undefined || now >= this.#notBefore) void this.#run(cause);
  }

  /** Begins now, unless it is under way. */
  request(): void {
    if (!this.#attempt) void this.#run('asked for');
  }

  /** A question of the attempt has come up or gone. */
  asking(standing: boolean): void {
    if (standing) this.#patience.pause();
    else this.#patience.resume();
  }

  /** An event of the data path; true when it belongs to a link of ours. */
  event(event: DatapathEvent): boolean {
    return this.links().some((link) => link.event(event));
  }

  /** Those beside the one that carries the traffic. */
  links(): readonly Link[] {
    const fresh = this.#attempt?.heir?.link;
    return fresh ? [fresh, ...this.#leaving] : [...this.#leaving];
  }

  complete(link: Link): void {
    if (this.#isHeir(link)) link.takeOver();
  }

  /** True when the link was ours and has taken the place of the other. */
  usable(link: Link): boolean {
    const attempt = this.#attempt;
    if (!attempt || !this.#isHeir(link)) return false;
    const { world, up, switched } = this.#parts;
    const old = up();
    this.#patience.stop();
    this.#attempt = undefined;
    switched(link);
    if (old) {
      this.#leaving.add(old);
      old.command({ kind: 'retire' });
    }
    link.lead();
    const durationMs = Math.round(between(attempt.began, world.scheduler.now()));
    const [before, now] = [addressesOf(old), addressesOf(link)];
    const moved = before === now ? '' : `; this machine is now ${now} in the tunnel, and was ${before}`;
    this.#note('info', `authenticated again in ${durationMs} ms: a new IKE SA carries the traffic${moved}`, {
      cause: attempt.cause,
      done: true,
      durationMs,
      ...(before === now ? {} : { addresses: now }),
    });
    this.begin();
    return true;
  }

  /** True when the link was ours. */
  childFailed(link: Link, name: string, failure: Failure): boolean {
    if (!this.#isHeir(link)) return this.#leaving.has(link);
    if (
      !this.#parts
        .up()
        ?.view()
        ?.children.some((child) => child.name === name)
    )
      return false;
    this.#leave(link);
    this.#failed(failure);
    return true;
  }

  /** True when the link was ours, and its end is no end of the tunnel. */
  closed(link: Link, failure: Failure | undefined): boolean {
    if (this.#leaving.delete(link)) {
      this.#parts.up()?.lead();
      if (this.#leaving.size === 0) for (const done of this.#waiters.splice(0)) done();
      return true;
    }
    if (!this.#isHeir(link)) return false;
    this.#parts.up()?.lead();
    this.#failed(failure ?? over('the gateway ended the new IKE SA'));
    return true;
  }

  /** The link in use is gone: what was made beside it is all there is. The tunnel lets it take over. */
  inherit(): Heir | undefined {
    const heir = this.#attempt?.heir;
    if (!heir) return undefined;
    this.#patience.stop();
    this.#attempt = undefined;
    return heir;
  }

  /** The network has changed: an attempt from an address that is no longer ours comes to nothing. */
  moved(): void {
    const fresh = this.#attempt?.heir?.link;
    const [now, then] = [this.#parts.up()?.view()?.path?.local.address, fresh?.view()?.path?.local.address];
    if (!fresh || now === undefined || then === undefined || now === then) return;
    this.drop();
    this.#note('info', 'authenticating again is put off: the network changed');
    this.#notBefore = after(this.#parts.world.scheduler.now(), AFTER_MOVE);
  }

  /** Gives up what is under way. */
  drop(): void {
    const fresh = this.#attempt?.heir?.link;
    this.#patience.stop();
    this.#attempt = undefined;
    if (!fresh) return;
    this.#parts.secrets().withdraw();
    this.#leave(fresh);
  }

  /** The same, and all links with it; resolves when they have told the gateway. */
  end(): Promise<void> {
    this.drop();
    for (const link of this.#leaving) link.command({ kind: 'close' });
    return this.#leaving.size === 0
      ? Promise.resolve()
      : new Promise((resolve) => this.#waiters.push(resolve));
  }

  #note(level: 'info' | 'warn', text: string, data?: NoteData): void {
    this.#parts.events.note(level, 'reauth', text, data);
  }

  #isHeir(link: Link): boolean {
    return this.#attempt?.heir?.link === link;
  }

  async #run(cause: string): Promise<void> {
    const { plan, world, up, secrets, make } = this.#parts;
    const attempt: Attempt = { cause, began: world.scheduler.now(), heir: undefined };
    this.#attempt = attempt;
    this.#note('info', `authenticating again: ${cause}`, { cause, done: false });
    const ready = await secrets().complete('reauthentication');
    if (this.#attempt !== attempt) return;
    if (ready && !ready.ok) {
      this.#failed(ready.error);
      return;
    }
    const old = up();
    const view = old?.view();
    if (!ready || !old || !view?.path) {
      this.#attempt = undefined;
      return;
    }
    const link = make(ready.value, view.path.remote, old.bypass, {
      children: new Set(view.children.map((child) => child.name)),
      addresses: old.assigned?.addresses ?? [],
      hostState: old.hostState,
    });
    attempt.heir = { link, ready: ready.value, remote: view.path.remote };
    this.#patience.start(plan.patience);
    await link.start().catch((error: unknown) => link.abandon(asFailure(error)));
  }

  #tooLong(): void {
    const fresh = this.#attempt?.heir?.link;
    if (!fresh) return;
    this.#leave(fresh);
    const span = `${Math.round(this.#parts.plan.patience / 1000)} s`;
    this.#failed({
      ...over(`not authenticated again within ${span}`),
      code: 'NO_ANSWER',
      authenticated: false,
    });
  }

  #leave(link: Link): void {
    this.#leaving.add(link);
    if (link.view()) link.command({ kind: 'close' });
    else link.abandon(undefined);
  }

  #failed(failure: Failure): void {
    const { world, up, secrets, renew, failed } = this.#parts;
    const cause = this.#attempt?.cause ?? '';
    this.#patience.stop();
    this.#attempt = undefined;
    secrets().withdraw();
    if (up() === undefined) return;
    if (isRefusedBeside(failure)) {
      const text = `the gateway takes no second IKE SA beside the first (${failure.message}): the old one ends before the new one`;
      renew(over(text));
      return;
    }
    if (secrets().again(failure)) {
      void this.#run(cause);
      return;
    }
    failed(failure);
    this.#note('warn', `could not authenticate again: ${failure.message}; the tunnel stays as it is`, {
      cause,
      done: true,
      code: failure.code,
    });
    const ends = earliest(this.#hard, up()?.view()?.authExpiresAt);
    const now = world.scheduler.now();
    const wait = ends === undefined ? undefined : Math.max(LEAST_WAIT, (ends - now) / 3);
    // Nobody has refused a question that was not answered; its number of times has an end.
    this.#spent =
      wait === undefined || !(failure.code === 'SECRET_NEEDED' || deserves(failure, 'another-attempt'));
    this.#notBefore = wait === undefined ? undefined : after(now, wait as Millis);
  }
}

const isRefusedBeside = ({ authenticated, phase, code }: Failure): boolean =>
  authenticated && (phase === 'CREATE_CHILD_SA' || (phase !== 'local' && ONE_AT_A_TIME.has(code)));

const addressesOf = (link: Link | undefined): string =>
  (link?.assigned?.addresses ?? []).map(formatPrefix).join(' ');

const over = (message: string): Failure => ({
  code: 'LIFETIME_EXPIRED',
  phase: 'established',
  authenticated: true,
  message,
});

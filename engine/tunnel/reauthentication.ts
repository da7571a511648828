/**
 * Authenticating anew while the tunnel stays up (RFC 7296 §2.8.3, RFC 4478): another IKE SA with all CHILD_SAs is made
 * beside the one in use, takes its traffic, and only then does the old one end. Where the gateway wants no two of them,
 * the old one ends first. When nothing comes of it the old one stays until its authentication is over. A gateway that
 * the one in use sends us to (RFC 5685 §5) is gone over to in the same way, and is kept out of the tunnel meanwhile.
 */
import type { Instant, Millis } from '../base/brand.ts';
import type { Failure, FailureCode } from '../base/failure.ts';
import { after, between, earliest, millis } from '../base/instant.ts';
import { type Endpoint, formatPrefix } from '../base/ip.ts';
import type { DatapathEvent } from '../datapath/protocol.ts';
import type { NoteData } from '../ike/contract.ts';
import { fraction, softSpan } from '../ike/lifetime.ts';
import { AttemptClock } from './attempt-clock.ts';
import * as why from './failures.ts';
import type { FoundGateways, GatewayAddresses } from './gateway-addresses.ts';
import { asFailure, deserves, worthTrying } from './judgement.ts';
import type { Beside, Link } from './link.ts';
import type { TunnelPlan } from './plan.ts';
import type { World } from './ports.ts';
import type { Redirects } from './redirects.ts';
import type { TunnelEvents } from './tunnel-parts.ts';
import type { Ready, UserSecrets } from './user-secrets.ts';

/** The link in the making, and what the tunnel needs when it becomes the only one. */
export interface Heir {
  readonly link: Link;
  readonly ready: Ready;
  readonly remote: Endpoint;
  /** Of the same gateway, if this one does not answer. */
  readonly rest: readonly Endpoint[];
}

export interface ReauthenticationParts {
  readonly plan: Pick<TunnelPlan, 'reauth' | 'patience'>;
  readonly world: Pick<World, 'scheduler' | 'localAddressFor'> & {
    readonly ike: Pick<World['ike'], 'random'>;
  };
  readonly redirects: Pick<Redirects, 'underWay' | 'hosts' | 'stay'>;
  readonly gateway: Pick<GatewayAddresses, 'find'>;
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
  /** The gateway that we are sent to; else it is the one in use. */
  readonly to: string | undefined;
  readonly began: Instant;
  /** Addresses that stay out of the tunnel for it. */
  bypass: readonly string[];
  /** Once there is something to connect with. */
  heir: Heir | undefined;
}

export class Reauthentication {
  readonly #parts: ReauthenticationParts;
  readonly #clock: AttemptClock;
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
    this.#clock = new AttemptClock(parts.world.scheduler, parts.plan.patience, {
      tooLong: () => this.#tooLong(),
      silent: () => {
        const heir = this.#attempt?.heir;
        heir?.link.abandon(why.silent(heir.remote));
      },
    });
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

  /** To the gateway that we are sent to, which whatever else is under way would not lead to. */
  goOver(): void {
    this.#giveUp();
    void this.#run('redirect');
  }

  /** Something of the gateway has come. */
  heard(link: Link): void {
    if (this.#isHeir(link)) this.#clock.heard();
  }

  /** A question of the attempt has come up or gone. */
  asking(standing: boolean): void {
    this.#clock.asking(standing);
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
    if (!this.#isHeir(link)) return;
    // The old one has yet to be told that it ends.
    void link.letOut(this.#parts.up()?.bypass ?? []);
    link.takeOver();
  }

  /** True when the link was ours and has taken the place of the other. */
  usable(link: Link): boolean {
    const attempt = this.#attempt;
    if (!attempt || !this.#isHeir(link)) return false;
    const { world, up, switched } = this.#parts;
    const old = up();
    this.#close();
    switched(link);
    if (old) {
      this.#leaving.add(old);
      old.command({ kind: 'retire' });
    }
    link.lead();
    void this.#letOut();
    const durationMs = Math.round(between(attempt.began, world.scheduler.now()));
    const [before, now] = [addressesOf(old), addressesOf(link)];
    const moved = before === now ? '' : `; this machine is now ${now} in the tunnel, and was ${before}`;
    const what = attempt.to === undefined ? 'authenticated again' : `gone over to ${attempt.to}`;
    this.#note('info', `${what} in ${durationMs} ms: a new IKE SA carries the traffic${moved}`, {
      ...dataOf(attempt),
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
      void this.#letOut();
      if (this.#leaving.size === 0) for (const done of this.#waiters.splice(0)) done();
      return true;
    }
    const attempt = this.#attempt;
    if (attempt?.heir?.link !== link) return false;
    this.#parts.up()?.lead();
    if (failure?.code === 'REDIRECTED') {
      attempt.heir = undefined;
      this.goOver();
      return true;
    }
    const rest = failure ? worthTrying(attempt.heir, failure) : [];
    if (rest.length > 0) {
      this.#try(attempt, attempt.heir.ready, rest);
      return true;
    }
    this.#failed(failure ?? over('the gateway ended the new IKE SA'));
    return true;
  }

  /** The link in use is gone: what was made beside it is all there is. The tunnel lets it take over. */
  inherit(): (Heir & { readonly turnLeft: Millis }) | undefined {
    const heir = this.#attempt?.heir;
    return heir && { ...heir, turnLeft: this.#close() };
  }

  /** The network has changed: an attempt from an address that is no longer ours comes to nothing. */
  async moved(): Promise<void> {
    const { world } = this.#parts;
    const heir = this.#attempt?.heir;
    const then = heir?.link.view()?.path?.local.address;
    if (!heir || then === undefined) return;
    const now = await world.localAddressFor(heir.remote.address);
    if (this.#attempt?.heir !== heir || now === undefined || now === then) return;
    if (this.#attempt.to !== undefined) {
      this.goOver();
      return;
    }
    this.drop();
    this.#note('info', 'authenticating again is put off: the network changed');
    this.#notBefore = after(world.scheduler.now(), AFTER_MOVE);
  }

  /** Gives up what is under way. */
  drop(): void {
    this.#giveUp();
    this.#parts.redirects.stay();
  }

  #giveUp(): void {
    const fresh = this.#attempt?.heir?.link;
    this.#close();
    if (!fresh) return;
    this.#parts.secrets().withdraw();
    this.#leave(fresh);
  }

  /** Gives back what was left of an endpoint's turn. */
  #close(): Millis {
    this.#attempt = undefined;
    return this.#clock.end();
  }

  /** Gives up what is under way, and all links; resolves when they have told the gateway. */
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
    const { world, up, secrets, redirects } = this.#parts;
    const to = redirects.underWay ? redirects.hosts[0] : undefined;
    const attempt: Attempt = { cause, to, began: world.scheduler.now(), bypass: [], heir: undefined };
    this.#attempt = attempt;
    const what = to === undefined ? `authenticating again: ${cause}` : `going over to ${to}`;
    this.#note('info', what, { ...dataOf(attempt), done: false });
    const ready = await secrets().complete('reauthentication');
    if (this.#attempt !== attempt) return;
    if (ready && !ready.ok) {
      this.#failed(ready.error);
      return;
    }
    if (!ready || !up()?.view()?.path) {
      this.drop();
      return;
    }
    let found: Pick<FoundGateways, 'addresses' | 'endpoints'>;
    try {
      found = await this.#find(attempt);
      if (this.#attempt !== attempt) return;
      attempt.bypass = found.addresses;
      await this.#reach();
    } catch (error) {
      if (this.#attempt === attempt) this.#failed(asFailure(error));
      return;
    }
    if (this.#attempt !== attempt) return;
    this.#clock.begin();
    this.#try(attempt, ready.value, found.endpoints);
  }

  async #find(attempt: Attempt): Promise<Pick<FoundGateways, 'addresses' | 'endpoints'>> {
    const { gateway, up } = this.#parts;
    if (attempt.to !== undefined)
      return await gateway.find(async (addresses) => {
        if (this.#attempt !== attempt) return;
        attempt.bypass = addresses;
        await this.#reach();
      });
    const old = up();
    const remote = old?.view()?.path?.remote;
    return { addresses: old?.bypass ?? [], endpoints: remote ? [remote] : [] };
  }

  #try(attempt: Attempt, ready: Ready, [remote, ...rest]: readonly Endpoint[]): void {
    const { up, make } = this.#parts;
    const old = up();
    if (!remote || !old) {
      this.#failed(why.noRoute(attempt.to ?? 'the gateway'));
      return;
    }
    const link = make(ready, remote, attempt.bypass, {
      children: new Set(old.view()?.children.map((child) => child.name)),
      addresses: old.assigned?.addresses ?? [],
      hostState: old.hostState,
    });
    attempt.heir = { link, ready, remote, rest };
    this.#clock.turn(rest.length);
    link.start().catch((error: unknown) => link.abandon(asFailure(error)));
  }

  /** A packet to a gateway that the host would route into the tunnel reaches nobody. @throws OsError */
  async #reach(): Promise<void> {
    const others = [...(this.#attempt?.bypass ?? []), ...[...this.#leaving].flatMap((link) => link.bypass)];
    await this.#parts.up()?.letOut(others);
  }

  /** The same, where nothing hangs on it. */
  async #letOut(): Promise<void> {
    await this.#reach().catch((error: unknown) => this.#note('warn', asFailure(error).message));
  }

  #tooLong(): void {
    const fresh = this.#attempt?.heir?.link;
    if (!fresh) return;
    this.#leave(fresh);
    this.#failed(why.tooLate(this.#parts.plan.patience));
  }

  #leave(link: Link): void {
    this.#leaving.add(link);
    if (link.view()) link.command({ kind: 'close' });
    else link.abandon(undefined);
  }

  #failed(failure: Failure): void {
    const { world, up, secrets, renew, failed, redirects } = this.#parts;
    const attempt = this.#attempt;
    this.#close();
    secrets().withdraw();
    if (up() === undefined || !attempt) return;
    void this.#letOut();
    if (attempt.to === undefined && isRefusedBeside(failure)) {
      const text = `the gateway takes no second IKE SA beside the first (${failure.message}): the old one ends before the new one`;
      renew(over(text));
      return;
    }
    if (secrets().again(failure)) {
      void this.#run(attempt.cause);
      return;
    }
    redirects.stay();
    failed(failure);
    const what = attempt.to === undefined ? 'authenticate again' : `go over to ${attempt.to}`;
    const text = `could not ${what}: ${failure.message}; the tunnel stays as it is`;
    this.#note('warn', text, { ...dataOf(attempt), done: true, code: failure.code });
    if (attempt.to !== undefined) return;
    const ends = earliest(this.#hard, up()?.view()?.authExpiresAt);
    const now = world.scheduler.now();
    const wait = ends === undefined ? undefined : Math.max(LEAST_WAIT, (ends - now) / 3);
    // Nobody has refused a question that was not answered; its number of times has an end.
    this.#spent =
      wait === undefined || !(failure.code === 'SECRET_NEEDED' || deserves(failure, 'another-attempt'));
    this.#notBefore = wait === undefined ? undefined : after(now, wait as Millis);
  }
}

const dataOf = ({ cause, to }: Attempt): NoteData =>
  to === undefined ? { cause } : { cause: 'redirect', to };

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

/**
 * One tunnel from the user's "up" to their "down": finds the gateway, tries its endpoints in turn, keeps the
 * link, and decides what follows when the link ends (strongSwan's dpd_action). Phases are a union that
 * carries what each needs; every change of phase goes through `#enter`.
 */
import type { Instant, Millis } from '../base/brand.ts';
import type { Failure } from '../base/failure.ts';
import { after, between, millis } from '../base/instant.ts';
import type { Endpoint } from '../base/ip.ts';
import type { ChildView, Command } from '../ike/contract.ts';
import type { HostState } from '../os/port.ts';
import { AttemptClock } from './attempt-clock.ts';
import { Attempts } from './attempts.ts';
import { Carrier } from './carrier.ts';
import { Dormancy } from './dormancy.ts';
import { explain } from './explain/explain.ts';
import * as why from './failures.ts';
import { type FoundGateways, GatewayAddresses } from './gateway-addresses.ts';
import { asFailure, worthTrying } from './judgement.ts';
import { KillSwitch } from './kill-switch.ts';
import { type Beside, Link } from './link.ts';
import type { Phase } from './phase.ts';
import type { TunnelPlan } from './plan.ts';
import type { OpenDatapath } from './ports.ts';
import { Prompt } from './prompt.ts';
import { Reauthentication } from './reauthentication.ts';
import { endOf, Redirects } from './redirects.ts';
import { Rehearsal } from './rehearsal.ts';
import { whatNext } from './retry.ts';
import { Roaming, type RoamingParts } from './roaming.ts';
import type { TunnelParts } from './tunnel-parts.ts';
import { type Ready, UserSecrets } from './user-secrets.ts';
import { Waiters } from './waiters.ts';

export class Tunnel {
  readonly plan: TunnelPlan;
  readonly #parts: TunnelParts;
  readonly #gateway: GatewayAddresses;
  readonly #redirects: Redirects;
  readonly #killSwitch: KillSwitch;
  readonly #roaming: Roaming;
  readonly reauthentication: Reauthentication;
  readonly #rehearsal: Rehearsal;
  /** The next end of a link is ours, and another link follows at once: why. */
  #renewing: Failure | undefined;
  #phase: Phase = { kind: 'down' };
  readonly #carrier: Carrier;
  readonly #waiters = new Waiters();
  readonly attempts: Attempts;
  #everUp = false;
  /** Between the user's `up` and their `down`. */
  #wanted = false;
  #lastFailure: Failure | undefined;
  #hostChanges: readonly string[] = [];
  readonly #clock: AttemptClock;
  readonly #secrets: UserSecrets;
  /** For clients; at most one question at a time. */
  readonly prompt: Prompt;
  readonly #dormancy: Dormancy;
  /** The children that a trap of the whole tunnel waits for. */
  #known: readonly ChildView[] = [];

  constructor(parts: TunnelParts) {
    this.plan = parts.plan;
    this.#parts = parts;
    this.#redirects = new Redirects(parts, () => this.reauthentication.goOver());
    this.#gateway = new GatewayAddresses(parts, this.#redirects);
    this.#killSwitch = new KillSwitch(parts);
    this.#roaming = new Roaming({
      ...parts,
      up: () => this.#up(),
      tick: () => {
        this.reauthentication.tick();
        this.#rehearsal.tick();
      },
      renew: (failure) => this.#renew(failure),
    });
    this.reauthentication = new Reauthentication({
      ...parts,
      redirects: this.#redirects,
      gateway: this.#gateway,
      secrets: () => this.#secrets,
      up: () => (this.#phase.kind === 'up' ? this.#phase.link : undefined),
      make: (ready, remote, bypass, beside) => this.#link(ready, remote, bypass, beside),
      switched: (link) => this.#carries(link),
      failed: (failure) => this.#fail(failure),
      renew: (failure) => this.#replace(failure),
    });
    this.#rehearsal = new Rehearsal({ ...parts, up: () => this.#up() });
    this.#carrier = new Carrier(parts, {
      event: (event) => this.link?.event(event) || this.reauthentication.event(event),
      failed: (reason) => this.link?.abandon(why.dataPathFailed(reason)),
    });
    const { scheduler } = parts.world;
    this.#dormancy = new Dormancy({
      ...parts,
      traps: this.#carrier.traps,
      up: () => this.#up(),
      sleep: () => this.#sleep(),
      end: (failure) => this.#close(failure),
    });
    this.attempts = new Attempts(scheduler, parts.events.note);
    this.#clock = new AttemptClock(scheduler, parts.plan.patience, {
      tooLong: () => this.#tooLong(),
      silent: () => {
        if (this.#phase.kind === 'connecting') this.#phase.link.abandon(why.silent(this.#phase.remote));
      },
    });
    this.prompt = new Prompt({
      scheduler,
      freshId: parts.freshPromptId,
      changed: (standing) => {
        this.#clock.asking(standing);
        this.reauthentication.asking(standing);
        parts.events.changed();
      },
    });
    this.#secrets = new UserSecrets({
      ...parts,
      ready: { plan: parts.plan, credentials: parts.credentials },
      prompt: this.prompt,
    });
  }

  get phase(): Phase {
    return this.#phase;
  }
  get open(): OpenDatapath | undefined {
    return this.#carrier.open;
  }
  get lastFailure(): Failure | undefined {
    return this.#lastFailure;
  }
  get hostChanges(): readonly string[] {
    return this.#hostChanges;
  }

  /** Names of the children that traffic opens: some of a tunnel that is up, or all of one that rests. */
  get resting(): readonly string[] {
    return this.#phase.kind === 'held' ? this.#known.map(({ name }) => name) : this.#dormancy.resting;
  }

  /** How the host is set up: by the link, or as it stays while the tunnel rests. */
  get hostState(): HostState | undefined {
    return this.#phase.kind === 'held' ? this.#phase.host : this.link?.hostState;
  }

  /** The link that is being made, is up, or is being closed. */
  get link(): Link | undefined {
    return 'link' in this.#phase ? this.#phase.link : undefined;
  }

  /** Connects; resolves when packets can flow, rejects with the Failure that ended the attempt. */
  up(): Promise<void> {
    this.#wanted = true;
    if (this.#phase.kind === 'up') return Promise.resolve();
    const result = this.#waiters.untilUp();
    if (this.#phase.kind === 'held' || this.#phase.kind === 'waiting') this.#phase.cancel();
    if (this.#phase.kind === 'down' || this.#phase.kind === 'held' || this.#phase.kind === 'waiting')
      void this.#prepare();
    return result;
  }

  /** Disconnects and leaves the host as it was; resolves when that is done. */
  down(): Promise<void> {
    const phase = this.#phase;
    this.#wanted = false;
    this.#rehearsal.look();
    if (phase.kind === 'down') return this.#killSwitch.end();
    const done = this.#waiters.untilDown();
    this.#waiters.refuse(why.CANCELLED);
    if (phase.kind === 'connecting' || phase.kind === 'up') {
      this.#enter({ kind: 'closing', link: phase.link });
      phase.link.command({ kind: 'close' });
    } else if (phase.kind === 'closing') this.#enter({ kind: 'closing', link: phase.link });
    else {
      if (phase.kind !== 'preparing') phase.cancel();
      this.#enter({ kind: 'closing', link: undefined });
      void this.#finish(undefined);
    }
    this.prompt.withdraw();
    return done;
  }

  /** Ends an attempt that takes longer than the profile allows. */
  #tooLong(): void {
    if (this.#phase.kind !== 'connecting') return;
    this.#gateway.leave(this.#phase.rest);
    this.#phase.link.abandon(why.tooLate(this.plan.patience));
  }

  /** Addresses, routes or links of this machine have changed. */
  async networkChanged(): Promise<void> {
    if (this.#phase.kind === 'waiting') {
      this.#phase.cancel();
      await this.#again();
    } else if (this.#phase.kind === 'connecting') {
      const { link } = this.#phase;
      const before = link.view()?.path;
      const address = before && (await this.#parts.world.localAddressFor(before.remote.address));
      if (address !== undefined && address !== before?.local.address && this.link === link)
        this.#renew(why.NETWORK_CHANGED);
    } else {
      await this.#roaming.networkChanged();
      await this.reauthentication.moved();
    }
  }

  /** The machine, or this process, stood still for so long. */
  woke(asleepMs: number): void {
    if (this.#phase.kind === 'up') this.#roaming.woke(asleepMs);
    else void this.networkChanged();
  }

  #up(): ReturnType<RoamingParts['up']> {
    const { link, open } = this;
    if (this.#phase.kind !== 'up' || !link || !open) return undefined;
    return { link, datapath: open.datapath, interface: open.interface };
  }

  /** Another IKE SA in place of this one, on all addresses of the gateway; the host stays as it is meanwhile. */
  #renew(failure: Failure): void {
    this.#renewing = failure;
    this.link?.abandon(failure);
  }

  /** The same, but the gateway is told first. */
  #replace(failure: Failure): void {
    if (this.#phase.kind !== 'up' || this.#renewing) return;
    this.#renewing = failure;
    this.#phase.link.command({ kind: 'close' });
  }

  command(command: Command): void {
    if (this.#phase.kind === 'up') this.#phase.link.command(command);
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
    this.#parts.events.changed();
  }

  async #prepare(): Promise<void> {
    const preparing = { kind: 'preparing' } as const;
    this.#enter(preparing);
    this.attempts.begin();
    this.#clock.begin();
    const complete = await this.#secrets.complete();
    if (!complete || this.#phase !== preparing) return;
    if (!complete.ok) return await this.#over(complete.error);
    let found: FoundGateways;
    try {
      found = await this.#gateway.find();
      if (this.#phase !== preparing) return;
      await this.#killSwitch.arm(found.addresses);
      if (this.#phase !== preparing) return;
      await this.#carrier.prepare();
    } catch (error) {
      if (this.#phase === preparing) await this.#over(asFailure(error));
      return;
    }
    if (this.#phase !== preparing) return;
    for (const { address, failure } of found.useless) this.attempts.passedOver(address, failure);
    this.#try(complete.value, found.endpoints, found.addresses);
  }

  #try(ready: Ready, [remote, ...rest]: readonly Endpoint[], bypass: readonly string[]): void {
    if (!remote) return void this.#over(bypass.length > 0 ? why.noRoute('the gateway') : why.NO_ADDRESS);
    this.attempts.trying(remote);
    this.#clock.turn(rest.length);
    const link = this.#link(ready, remote, bypass);
    this.#enter({ kind: 'connecting', link, remote, ready, rest, bypass });
    link.start().catch((error: unknown) => link.abandon(asFailure(error)));
  }

  #link(ready: Ready, remote: Endpoint, bypass: readonly string[], beside?: Beside): Link {
    const { open } = this;
    if (!open) throw new TypeError('a link needs a data path');
    const { world, events } = this.#parts;
    const began = world.scheduler.now();
    let sentAway: Failure | undefined;
    this.#secrets.begin();
    const link: Link = new Link({
      ...this.#parts,
      ...ready,
      open,
      remote,
      bypass,
      beside,
      followRedirects: this.#redirects.policy(bypass),
      events: {
        state: () => events.changed(),
        ask: (ask, answer) => this.#secrets.answer(ask, between(began, world.scheduler.now()), answer),
        complete: () => this.reauthentication.complete(link),
        usable: (changes) => this.#usable(link, changes),
        childFailed: (name, failure) => {
          if (this.reauthentication.childFailed(link, name, failure)) return;
          this.#dormancy.failed(name);
          events.note('warn', 'child', `${name}: ${this.#fail(failure).message}`);
        },
        redirect: (effect) => {
          // One that is being retired has nothing more to say.
          if (this.link === link || effect.phase !== 'established') sentAway = this.#redirects.take(effect);
        },
        suspicion: (sign) => this.#roaming.suspected(sign),
        childEnded: (view, reason, left) => {
          if (this.#phase.kind === 'up' && this.link === link) this.#dormancy.ended(view, reason, left);
        },
        note: (level, topic, text, data) => events.note(level, topic, text, data),
        message: (effect) => {
          if (effect.kind === 'message' && effect.direction === 'received') this.#heard(link);
          events.message(effect);
        },
        closed: (reason) => {
          const failure = endOf(reason, sentAway);
          if (failure && this.#phase.kind === 'connecting' && this.link === link)
            this.attempts.failed(failure);
          void this.#linkClosed(link, failure);
        },
      },
    });
    return link;
  }

  #heard(link: Link): void {
    if (this.link === link) this.#clock.heard();
    else this.reauthentication.heard(link);
  }

  #usable(link: Link, changes: readonly string[]): void {
    this.#hostChanges = changes.length > 0 ? changes : this.#hostChanges;
    for (const change of changes) this.#parts.events.note('info', 'host', change);
    if (this.reauthentication.usable(link)) return;
    if (this.#phase.kind !== 'connecting' || this.#phase.link !== link) return;
    this.#clock.end();
    this.attempts.connected();
    this.#everUp = true;
    this.reauthentication.begin();
    this.#carries(link);
  }

  #carries(link: Link): void {
    this.#lastFailure = undefined;
    this.#redirects.arrived();
    this.#enter({ kind: 'up', link });
    this.#roaming.begin();
    this.#carrier.watch();
    this.#dormancy.begin();
    this.#secrets.proved();
    this.#waiters.isUp();
  }

  #close(failure: Failure): void {
    if (this.#phase.kind !== 'up') return;
    const { link } = this.#phase;
    this.#fail(failure);
    this.#enter({ kind: 'closing', link });
    link.command({ kind: 'close' });
  }

  /** Nothing goes through any more: the SAs end at both sides, the host stays as it is, and traffic brings them back. */
  #sleep(): void {
    if (this.#phase.kind !== 'up') return;
    const { link } = this.#phase;
    this.#roaming.end();
    this.#dormancy.end();
    this.#enter({ kind: 'closing', link, held: true });
    link.command({ kind: 'close' });
  }

  async #linkClosed(link: Link, failure: Failure | undefined): Promise<void> {
    if (this.reauthentication.closed(link, failure)) return;
    const lost = this.#phase.kind === 'up' && this.link === link && !this.#renewing;
    const heir = lost ? this.reauthentication.inherit() : undefined;
    if (heir) {
      this.#parts.events.note('warn', 'tunnel', failure?.message ?? 'the old IKE SA has ended');
      const { turnLeft, ...connecting } = heir;
      this.#clock.inherit(turnLeft);
      this.#enter({ kind: 'connecting', ...connecting, bypass: heir.link.bypass });
      heir.link.takeOver();
      return;
    }
    if (lost && this.#redirects.depart()) this.#renewing = why.SENT_AWAY;
    this.prompt.withdraw();
    this.#clock.heard();
    await link.settled();
    const phase = this.#phase;
    if (this.link !== link) return;
    if (phase.kind === 'closing') {
      if (phase.held && this.#waiters.waiting) await this.#prepare();
      else if (phase.held) this.#hold();
      else await this.#finish(this.#lastFailure);
      return;
    }
    if (phase.kind === 'connecting' && failure?.code === 'REDIRECTED') return await this.#prepare();
    const rest = phase.kind === 'connecting' && failure ? worthTrying(phase, failure) : [];
    if (phase.kind === 'connecting' && failure && rest.length > 0) {
      this.#parts.events.note('info', 'tunnel', failure.message);
      this.#try(phase.ready, rest, phase.bypass);
      return;
    }
    if (phase.kind === 'connecting' && failure && this.#secrets.again(failure)) return await this.#prepare();
    await this.#over(failure);
  }

  #explained(failure: Failure): Failure {
    return explain(failure, { plan: this.plan, tried: this.attempts.tried, view: this.link?.view() });
  }

  #fail(failure: Failure): Failure {
    this.#lastFailure = this.#explained(failure);
    return this.#lastFailure;
  }

  /** A link or an attempt has ended by itself. */
  async #over(ended: Failure | undefined): Promise<void> {
    const failure = ended && this.#explained(ended);
    const renewing = this.#renewing;
    this.#roaming.end();
    this.#dormancy.end();
    this.reauthentication.drop();
    if (failure && this.#phase.kind === 'preparing') this.attempts.failed(failure);
    if (renewing) {
      this.#renewing = undefined;
      this.#parts.events.note('warn', 'tunnel', (failure ?? renewing).message);
      await this.#again();
      return;
    }
    this.attempts.lost();
    this.#redirects.forget();
    if (failure) {
      this.#lastFailure = failure;
      this.#parts.events.note('warn', 'tunnel', failure.message);
    }
    const everUp = this.#everUp;
    const next = whatNext(this.plan, { failure, everUp, failures: this.attempts.failures });
    if (!failure || next === 'end') return await this.#finish(failure);
    if (everUp) this.#waiters.refuse(failure);
    if (next === 'hold') this.#hold(this.attempts.pause(this.#parts.world.ike.random));
    else await this.#wait();
  }

  async #wait(): Promise<void> {
    const { world, host, events } = this.#parts;
    const wait = this.attempts.wait(world.ike.random);
    events.note('info', 'tunnel', `trying again in ${(wait / 1000).toFixed(1)} s`);
    this.#waitUntil(after(world.scheduler.now(), wait));
    // Without a link, routes into the tunnel would be a hole that swallows the user's traffic.
    await host.clear(this.plan.name);
  }

  /** Another attempt, for a reason that cannot wait; yet a network that flickers does not make one of each change. */
  async #again(): Promise<void> {
    const earliest = this.attempts.earliest();
    if (earliest > this.#parts.world.scheduler.now()) this.#waitUntil(earliest);
    else await this.#prepare();
  }

  #waitUntil(until: Instant): void {
    const cancel = this.#parts.world.scheduler.at(until, () => void this.#prepare());
    this.#enter({ kind: 'waiting', until, cancel });
  }

  /** Waits for a packet that wants through. @param deaf how long packets are not minded yet */
  #hold(deaf: Millis = millis(0)): void {
    const before = this.link;
    if (before && before.known.length > 0) this.#known = before.known;
    const cancel = this.#carrier.hold(this.#known, deaf, () => void this.#prepare());
    this.#enter({ kind: 'held', cancel, host: before?.hostState });
  }

  async #finish(failure: Failure | undefined): Promise<void> {
    const { host, events } = this.#parts;
    const calledOff = !this.#wanted;
    this.#clock.end();
    this.#roaming.end();
    this.#dormancy.end();
    this.#renewing = undefined;
    this.#secrets.end();
    this.#redirects.forget();
    await this.reauthentication.end();
    const link = this.link;
    if (link) await link.settled();
    const undone = await host.clear(this.plan.name);
    for (const change of undone) events.note('info', 'host', change.description);
    await this.#carrier.close();
    await this.#killSwitch.leave(this.#wanted && this.#everUp);
    this.#hostChanges = [];
    this.#everUp = false;
    this.attempts.end();
    this.#lastFailure = failure;
    this.#enter({ kind: 'down' });
    this.#waiters.isDown();
    // Asked for again before the end had come.
    if (calledOff && this.#wanted) void this.#prepare();
    else this.#waiters.refuse(failure ?? why.TAKEN_DOWN);
  }
}

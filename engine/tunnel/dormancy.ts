/**
 * Children that rest: closed for want of traffic (strongSwan's `inactivity`), not rekeyed because nothing used them, or
 * ended by a gateway whose `dpd.action` is `hold`. Their routes stay, and a packet that matches opens them again; it
 * and those behind it are lost until the SA is there. When nothing is left that is in use, the tunnel itself rests.
 * Keepalives, liveness checks and IKE are no traffic.
 */
import type { Instant } from '../base/brand.ts';
import type { Failure } from '../base/failure.ts';
import { after, between, millis } from '../base/instant.ts';
import type { Datapath } from '../datapath/protocol.ts';
import type { ChildView, Command, Effect, IkeView } from '../ike/contract.ts';
import { backoff } from './backoff.ts';
import { CHILDREN_ENDED } from './failures.ts';
import type { PlannedChild, TunnelPlan } from './plan.ts';
import type { World } from './ports.ts';
import type { Traps } from './trap.ts';
import type { TunnelEvents } from './tunnel-parts.ts';

export type RemovalReason = Extract<Effect, { kind: 'remove-child' }>['reason'];

export interface DormancyParts {
  readonly plan: Pick<TunnelPlan, 'children' | 'dpdAction'>;
  readonly world: Pick<World, 'scheduler'> & { readonly ike: Pick<World['ike'], 'random'> };
  readonly traps: Traps;
  /** What is up. */
  readonly up: () =>
    | {
        readonly link: { view(): IkeView | undefined; command(command: Command): void };
        readonly datapath: Pick<Datapath, 'counters'>;
      }
    | undefined;
  readonly events: Pick<TunnelEvents, 'note'>;
  /** Nothing is in use any more: the IKE SA may end, the traps stay. */
  readonly sleep: () => void;
  /** The gateway has ended the last child, and the profile wants no other. */
  readonly end: (failure: Failure) => void;
}

const LOOK = millis(1000);
/** A child that the gateway ends again within this time is not asked for at once. */
const SOON = millis(60_000);

export class Dormancy {
  readonly #parts: DormancyParts;
  /** By name: when a packet last went through, carried over rekeys. */
  readonly #busyAt = new Map<string, Instant>();
  readonly #resting = new Map<string, { readonly view: ChildView; readonly cancel: () => void }>();
  /** Asked for again, and not there yet. */
  readonly #opening = new Map<string, ChildView>();
  readonly #lost = new Map<string, { readonly count: number; readonly at: Instant }>();
  #cancels: (() => void)[] = [];
  #cancelLook: (() => void) | undefined;

  constructor(parts: DormancyParts) {
    this.#parts = parts;
  }

  /** Names of the children that traffic opens. */
  get resting(): readonly string[] {
    return [...this.#resting.keys()];
  }

  /** Watches a link that has come up. */
  begin(): void {
    this.end();
    if (this.#parts.plan.children.some(({ inactivity = 0 }) => inactivity > 0)) this.#look();
  }

  end(): void {
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    for (const cancel of this.#cancels.splice(0)) cancel();
    for (const { cancel } of this.#resting.values()) cancel();
    this.#resting.clear();
    this.#opening.clear();
    this.#busyAt.clear();
    this.#lost.clear();
  }

  /** A pair is gone and none is in its place. @param left how many children the link has */
  ended(view: ChildView, reason: RemovalReason, left: number): void {
    const { plan, end } = this.#parts;
    const config = plan.children.find(({ name }) => name === view.name);
    if (reason === 'unused') this.#rest(view);
    else if (!config || (reason !== 'peer-deleted' && reason !== 'deleted')) return;
    else if (plan.dpdAction === 'hold') this.#rest(view);
    else if (plan.dpdAction === 'restart') this.#replace(config);
    else if (left === 0 && this.#resting.size === 0) end(CHILDREN_ENDED);
  }

  /** A child could not be made: traffic may try once more, after a while. */
  failed(name: string): void {
    const { plan } = this.#parts;
    const view = this.#opening.get(name);
    const config = plan.children.find((child) => child.name === name);
    if (!view && config && this.#lost.has(name) && plan.dpdAction === 'restart') this.#replace(config);
    if (!view) return;
    this.#opening.delete(name);
    this.#later(backoff(this.#count(name), this.#parts.world.ike.random), () => this.#rest(view));
  }

  #rest(view: ChildView): void {
    const { name } = view;
    this.#resting.get(name)?.cancel();
    const cancel = this.#parts.traps.set(view, () => this.#open(view));
    this.#resting.set(name, { view, cancel });
    this.#parts.events.note('info', 'idle', `${name} is not in use: closed until traffic wants it`, {
      children: name,
      action: 'closed',
    });
  }

  #open(view: ChildView): void {
    const { plan, up, events } = this.#parts;
    const { name } = view;
    this.#resting.delete(name);
    this.#busyAt.delete(name);
    const config = plan.children.find((child) => child.name === name);
    const now = up();
    if (!config || !now) return;
    this.#opening.set(name, view);
    events.note('info', 'idle', `traffic wants ${name}: opening it again`, {
      children: name,
      action: 'opened',
    });
    now.link.command({ kind: 'create-child', config });
  }

  /** Another one in place of a child that the gateway ended: at once the first time, then with growing waits. */
  #replace(config: PlannedChild): void {
    const again = (): void => this.#parts.up()?.link.command({ kind: 'create-child', config });
    const count = this.#count(config.name);
    if (count === 1) again();
    else this.#later(backoff(count - 1, this.#parts.world.ike.random), again);
  }

  /** How often in a row this child came to nothing. */
  #count(name: string): number {
    const now = this.#parts.world.scheduler.now();
    const before = this.#lost.get(name);
    const count = before && between(before.at, now) < SOON * 2 ? before.count + 1 : 1;
    this.#lost.set(name, { count, at: now });
    return count;
  }

  #later(wait: typeof LOOK, run: () => void): void {
    const { scheduler } = this.#parts.world;
    this.#cancels.push(scheduler.at(after(scheduler.now(), wait), run));
  }

  #look(): void {
    const { up, world, events, sleep } = this.#parts;
    const { scheduler } = world;
    this.#cancelLook = scheduler.at(after(scheduler.now(), LOOK), () => {
      const now = up();
      if (!now) return;
      const children = (now.link.view()?.children ?? []).filter((child) => child.state === 'INSTALLED');
      const idle = children.filter((child) => this.#isIdle(child, now.datapath));
      if (children.length > 0 && idle.length === children.length && this.#opening.size === 0) {
        const names = [...new Set([...children.map(({ name }) => name), ...this.resting])].join(' ');
        const data = { children: names, action: 'closed' };
        events.note('info', 'idle', 'nothing is in use: closed until traffic wants it', data);
        sleep();
        return;
      }
      for (const { id } of idle) now.link.command({ kind: 'delete-child', id, unused: true });
      this.#look();
    });
  }

  #isIdle(child: ChildView, datapath: Pick<Datapath, 'counters'>): boolean {
    const { plan, world } = this.#parts;
    const now = world.scheduler.now();
    const counters = datapath.counters(child.id);
    const seen = [counters?.idleIn, counters?.idleOut].filter((ms) => ms !== undefined);
    const before = this.#busyAt.get(child.name) ?? child.installedAt;
    const at = seen.length === 0 ? before : (Math.max(before, now - Math.min(...seen)) as Instant);
    this.#busyAt.set(child.name, at);
    this.#opening.delete(child.name);
    const limit = plan.children.find(({ name }) => name === child.name)?.inactivity ?? 0;
    return limit > 0 && between(at, now) >= limit;
  }
}

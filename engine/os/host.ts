/**
 * The host as tunnels see it: one port over links, addresses, routes, rules and name servers (DESIGN section 6).
 *
 * What all tunnels want together is compared with what is; the difference goes into the journal, then happens.
 * The journal's live entries are the only memory of what is ours, before a crash and after it.
 */
import type { Log } from '../base/log.ts';
import { chooseDnsMode } from './dns/choose.ts';
import { type OwnedDns, planDns } from './dns/plan.ts';
import type { DnsPort } from './dns/port.ts';
import { isOurs } from './dns/resolv-conf.ts';
import { OsError } from './error.ts';
import { type GuardStorage, Guards } from './firewall/guards.ts';
import type { FirewallPort, GuardState } from './firewall/port.ts';
import { describeItem, type HostItem } from './host-items.ts';
import { dnsOwned, removeOwnedRoutes, routesOwned, undoLeftovers } from './host-undo.ts';
import type { Journal, Json } from './journal/port.ts';
import type { Host, HostChange, HostState } from './port.ts';
import { type OwnedRoute, planRoutes, type RoutePlan } from './route/plan.ts';
import type { RoutePort, Routing } from './route/port.ts';
import { checkHostState } from './route/validate.ts';

/** Everything that `openHost` needs of an operating system. */
export interface HostEnvironment {
  readonly routes: RoutePort;
  readonly dns: DnsPort;
  readonly routing: Routing;
  /** What keeps the gateway out of the tunnel rests on the present network, and must follow it. */
  readonly followsNetwork?: boolean;
  readonly firewall: FirewallPort;
  guardStorage(stateDir: string): GuardStorage;
  /** Differs after each start of the machine. */
  bootId(): Promise<string>;
  openJournal(stateDir: string, bootId: string): Promise<Journal>;
}

export interface HostOptions {
  /** Where the change journal is kept, for the engine's user alone. */
  readonly stateDir: string;
  readonly log: Log;
  readonly environment: HostEnvironment;
}

export interface OpenHost extends Host {
  /** Addresses, routes or links of the machine have changed: follows where that is needed. Never throws. */
  networkChanged(): Promise<readonly HostChange[]>;
  /** Lets go of the journal's file once what is under way has ended. What is applied stays. */
  close(): Promise<void>;
}

type Desired = ReadonlyMap<string, HostState>;

/**
 * `strict` throws at the first failure, `lenient` goes on with the rest. `routes` leaves the name servers alone: to set
 * them again might be told as another change of the network.
 */
type How = 'strict' | 'lenient' | 'routes';

const change = (description: string): HostChange => ({ description });
const json = (value: unknown): Json => value as Json;
const octets = (text: string): Uint8Array => new TextEncoder().encode(text);
const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const explain = (error: unknown): string =>
  error instanceof OsError
    ? `${error.message}${error.detail === '' ? '' : ` (${error.detail})`}`
    : String(error);

const guardText = ({ protect, tunnel }: GuardState): string =>
  `kill switch: ${protect === 'everything' ? 'everything' : protect.join(' ')} only through ${
    tunnel === null ? 'a tunnel that is not there yet' : tunnel.interface
  }`;

/** A step of one reconciliation that journals first. */
interface Added {
  readonly item: HostItem;
  readonly before: unknown;
  readonly journal: boolean;
  readonly tunnel: string;
}

class SystemHost implements OpenHost {
  readonly #environment: HostEnvironment;
  readonly #log: Log;
  readonly #journal: Journal;
  readonly #bootId: string;
  readonly #guards: Guards;
  #desired: Desired = new Map();
  /** One operation at a time: each plan rests on what the one before left. */
  #tail: Promise<unknown> = Promise.resolve();
  #recovered = false;

  constructor(options: HostOptions, journal: Journal, bootId: string) {
    this.#environment = options.environment;
    this.#log = options.log;
    this.#journal = journal;
    this.#bootId = bootId;
    const { firewall, guardStorage } = options.environment;
    this.#guards = new Guards(firewall, guardStorage(options.stateDir));
  }

  apply(tunnel: string, desired: HostState): Promise<readonly HostChange[]> {
    return this.#serial(() => this.#apply(tunnel, desired, 'strict'));
  }

  letOut(tunnel: string, addresses: readonly string[]): Promise<readonly HostChange[]> {
    return this.#serial(async () => {
      const state = this.#desired.get(tunnel);
      const fresh = addresses.filter((address) => !state?.bypass.includes(address));
      if (!state || fresh.length === 0) return [];
      return this.#apply(tunnel, { ...state, bypass: [...state.bypass, ...fresh] }, 'routes');
    });
  }

  async #apply(tunnel: string, desired: HostState, how: How): Promise<readonly HostChange[]> {
    checkHostState(desired);
    const changes: HostChange[] = [];
    if (!this.#recovered) changes.push(...(await this.#recover()));
    const old = this.#desired;
    const next = new Map(old).set(tunnel, desired);
    try {
      await this.#reconcile(next, changes, how);
      this.#desired = next;
    } catch (error) {
      await this.#goBack(old);
      throw error;
    }
    return changes;
  }

  clear(tunnel: string): Promise<readonly HostChange[]> {
    return this.#serial(async () => {
      const changes: HostChange[] = [];
      const next = new Map(this.#desired);
      next.delete(tunnel);
      this.#desired = next;
      try {
        if (!this.#recovered) changes.push(...(await this.#recover()));
        await this.#reconcile(next, changes, 'lenient');
      } catch (error) {
        this.#report(changes, `not everything of ${tunnel} could be undone: ${explain(error)}`);
      }
      return changes;
    });
  }

  guard(tunnel: string, guard: GuardState): Promise<readonly HostChange[]> {
    return this.#serial(async () => {
      const changes: HostChange[] = this.#recovered ? [] : [...(await this.#recover())];
      if (await this.#guards.set(tunnel, guard)) changes.push(change(guardText(guard)));
      return changes;
    });
  }

  unguard(tunnel: string): Promise<readonly HostChange[]> {
    return this.#serial(async () => {
      const changes: HostChange[] = [];
      const guard = this.#guards.all.get(tunnel);
      if (!guard) return changes;
      try {
        if (guard.mode === 'always') await this.#guards.set(tunnel, { ...guard, tunnel: null });
        else if (await this.#guards.end(tunnel)) changes.push(change('kill switch: let go'));
      } catch (error) {
        this.#report(changes, `the kill switch of ${tunnel} could not be changed: ${explain(error)}`);
      }
      return changes;
    });
  }

  release(): Promise<readonly HostChange[]> {
    return this.#serial(async () => {
      const changes: HostChange[] = this.#recovered ? [] : [...(await this.#recover())];
      changes.push(...(await this.#guards.endAll()).map(change));
      return changes;
    });
  }

  guards(): ReturnType<Host['guards']> {
    return { closed: this.#guards.closed, guards: this.#guards.all };
  }

  networkChanged(): Promise<readonly HostChange[]> {
    return this.#serial(async () => {
      const changes: HostChange[] = [];
      if (this.#environment.followsNetwork !== true || this.#desired.size === 0) return changes;
      try {
        await this.#reconcile(this.#desired, changes, 'routes');
      } catch (error) {
        this.#report(changes, `the new network could not be followed: ${explain(error)}`);
      }
      return changes;
    });
  }

  recover(): Promise<readonly HostChange[]> {
    return this.#serial(() => this.#recover());
  }

  close(): Promise<void> {
    return this.#serial(() => this.#journal.close());
  }

  #serial<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(run);
    this.#tail = result.catch(() => undefined);
    return result;
  }

  #report(changes: HostChange[], text: string): void {
    this.#log.warn(text);
    changes.push(change(text));
  }

  /** Undoes what an earlier engine left. Does nothing the second time: what is live then is in use. */
  async #recover(): Promise<readonly HostChange[]> {
    if (this.#recovered) return [];
    this.#recovered = true;
    const changes: HostChange[] = [];
    for (const problem of this.#journal.problems) {
      this.#log.error(problem, { code: 'journal-corrupt' });
      changes.push(change(problem));
    }
    try {
      // First, so that nothing leaves while routes are put back.
      for (const text of await this.#guards.recover()) this.#report(changes, text);
    } catch (error) {
      this.#report(changes, `the kill switch could not be set again: ${explain(error)}`);
    }
    try {
      const undone = await undoLeftovers(this.#journal, this.#environment, this.#bootId);
      for (const text of undone) this.#report(changes, text);
    } catch (error) {
      this.#report(changes, `what a crash left could not be undone: ${explain(error)}`);
    }
    return changes;
  }

  async #goBack(old: Desired): Promise<void> {
    try {
      await this.#reconcile(old, [], 'lenient');
    } catch (error) {
      this.#log.error(`what failed could not be undone: ${explain(error)}`);
    }
  }

  /** Writes the additions to the journal, those that are not in it. */
  async #journalFirst(additions: readonly Added[]): Promise<void> {
    const fresh = additions.filter((a) => a.journal);
    await this.#journal.append(
      fresh.map(({ item, before, tunnel }) => ({
        kind: item.kind,
        before: json(before),
        after: json(item),
        undo: before === null ? 'remove' : 'restore',
        tunnel,
      })),
    );
  }

  async #planRoutes(desired: Desired): Promise<RoutePlan> {
    const owned = routesOwned(this.#journal.live());
    const { routing, routes } = this.#environment;
    const interfaces = new Set([...desired.values()].map((s) => s.interface));
    for (const { item } of owned) if ('interface' in item) interfaces.add(item.interface);
    const observed = await routes.observe([...interfaces], routing);
    return planRoutes({ desired: [...desired], owned, observed, routing });
  }

  /**
   * Additions before removals, so that nothing leaks past the tunnel while it changes: a route is replaced in one
   * move.
   */
  async #reconcile(desired: Desired, changes: HostChange[], how: How): Promise<void> {
    const plan = await this.#planRoutes(desired);
    for (const note of plan.notes) changes.push(change(note));
    if (plan.additions.length > 0) {
      await this.#journalFirst(plan.additions);
      await this.#environment.routes.add(plan.additions);
      for (const { item } of plan.additions) changes.push(change(describeItem(item, 'set')));
    }
    if (how !== 'routes')
      await this.#attempt(how === 'strict', changes, () => this.#reconcileDns(desired, changes));
    await this.#journal.done(plan.forgotten.map((o) => o.id));
    await this.#removeRoutes(plan.removals, changes);
  }

  async #attempt(strict: boolean, changes: HostChange[], run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      if (strict) throw error;
      this.#report(changes, explain(error));
    }
  }

  async #removeRoutes(removals: readonly OwnedRoute[], changes: HostChange[]): Promise<void> {
    if (removals.length === 0) return;
    const { gone, left, said } = await removeOwnedRoutes(
      removals,
      routesOwned(this.#journal.live()),
      this.#environment,
    );
    await this.#journal.done(gone.map((o) => o.id));
    for (const { item } of gone)
      changes.push(change(describeItem(item, item.kind === 'link' ? 'put back' : 'removed')));
    for (const { item } of left) this.#report(changes, `${describeItem(item, 'not removed')}: ${said}`);
  }

  async #reconcileDns(desired: Desired, changes: HostChange[]): Promise<void> {
    const owned = dnsOwned(this.#journal.live());
    const wants = [...desired.values()].some((s) => s.dns.servers.length > 0);
    if (owned.length === 0 && !wants) return;
    const { dns } = this.#environment;
    const world = await dns.survey();
    const choice = chooseDnsMode(world);
    const path = world.target;
    const file = choice.mode === 'file' ? await dns.read(path) : null;
    const stillOurs = ({ item, before }: OwnedDns): boolean =>
      item.kind === 'dns-file' &&
      file !== null &&
      isOurs(fromBase64(file.content), fromBase64(before?.content ?? ''), octets(item.text));
    const plan = planDns({ desired: [...desired], owned, mode: choice.mode, path, file, isOurs: stillOurs });
    for (const note of plan.notes) changes.push(change(note));
    for (const addition of plan.additions) {
      await this.#journalFirst([addition]);
      await dns.put(addition.item, addition.before);
      if (addition.journal) changes.push(change(`${describeItem(addition.item, 'set')} (${choice.reason})`));
    }
    await this.#journal.done(plan.forgotten.map((o) => o.id));
    for (const { id, item, before } of [...plan.removals].reverse()) {
      const outcome = await dns.remove(item, before);
      await this.#journal.done([id]);
      const text = outcome === 'foreign' ? 'left alone, changed by others since' : 'removed';
      changes.push(change(describeItem(item, text)));
    }
  }
}

/**
 * Opens the host: its journal is read, and nothing is changed until `recover` or the first `apply`, which recovers
 * first when nobody has.
 * @throws OsError `permission` when the state directory cannot be used
 */
export async function openHost(options: HostOptions): Promise<OpenHost> {
  const bootId = await options.environment.bootId();
  const journal = await options.environment.openJournal(options.stateDir, bootId);
  return new SystemHost(options, journal, bootId);
}

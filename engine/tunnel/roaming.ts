/**
 * A tunnel on the move: what a changed network, a nap, or silence in one direction mean for it. Decides whether the IKE
 * SA is moved (MOBIKE), asked whether it lives, or made anew; the tunnel does it.
 */

import type { Instant } from '../base/brand.ts';
import type { Failure } from '../base/failure.ts';
import { after, millis } from '../base/instant.ts';
import type { Datapath } from '../datapath/protocol.ts';
import type { Command, IkeView, Path } from '../ike/contract.ts';
import type { World } from './ports.ts';
import type { TunnelEvents } from './tunnel-parts.ts';

/** What is up, as far as roaming needs it. */
export interface RoamingLink {
  view(): IkeView | undefined;
  command(command: Command): void;
  move(path: Path, addresses: readonly string[]): void;
}

export interface RoamingParts {
  readonly world: Pick<World, 'scheduler' | 'localAddressFor' | 'localAddresses'>;
  /** The link that carries traffic now, with its data path. */
  readonly up: () =>
    | { readonly link: RoamingLink; readonly datapath: Datapath; readonly interface: string }
    | undefined;
  /** Called once a second while it is up. */
  readonly tick: () => void;
  /** Gives up the IKE SA and makes another at once. */
  readonly renew: (failure: Failure) => void;
  readonly events: Pick<TunnelEvents, 'note'>;
}

/** A peer that has been told of a new path, or asked after a nap, answers within this or is not waited for. */
const MOVE_DEADLINE = millis(4000);
const NAP_DEADLINE = millis(3000);
/** Silence while we send: asked after this long, given up when the question stays open. */
const ONE_WAY_MS = 6000;
const ONE_WAY_DEADLINE = millis(8000);
/** The gateway is said to have forgotten us: the question is on its way already. */
const SIGN_DEADLINE = millis(2000);
const LOOK = millis(1000);

export class Roaming {
  readonly #parts: RoamingParts;
  #offline = false;
  #cancelDeadline: (() => void) | undefined;
  #cancelLook: (() => void) | undefined;
  #askedAt: Instant | undefined;

  constructor(parts: RoamingParts) {
    this.#parts = parts;
  }

  /** Watches a link that has come up. */
  begin(): void {
    this.end();
    this.#offline = false;
    this.#look();
  }

  end(): void {
    this.#cancelDeadline?.();
    this.#cancelLook?.();
    this.#cancelDeadline = undefined;
    this.#cancelLook = undefined;
    this.#askedAt = undefined;
  }

  /** Addresses, routes or links have changed. */
  async networkChanged(): Promise<void> {
    const { world, up, events } = this.#parts;
    const before = up()?.link.view()?.path;
    if (!before) return;
    const address = await world.localAddressFor(before.remote.address);
    const now = up();
    const view = now?.link.view();
    if (!now || !view?.path) return;
    if (address === undefined) {
      if (!this.#offline) events.note('info', 'path', 'there is no network: waiting for one');
      this.#offline = true;
      return;
    }
    const wasOffline = this.#offline;
    this.#offline = false;
    if (address === view.path.local.address) {
      if (wasOffline) this.#ask(NAP_DEADLINE, 'the network is back');
      return;
    }
    const path = { local: { address, port: view.path.local.port }, remote: view.path.remote };
    if (!view.mobike) {
      this.#parts.renew(moved(`this machine now has the address ${address}`));
      return;
    }
    now.link.move(path, await world.localAddresses([now.interface]));
    this.#expect(MOVE_DEADLINE, `the gateway did not answer from the new address ${address}`);
  }

  /** The machine, or this process, has slept. */
  woke(asleepMs: number): void {
    this.#ask(NAP_DEADLINE, `awake after ${Math.round(asleepMs / 1000)} s`);
    void this.networkChanged();
  }

  /** Somebody says that the gateway has forgotten us, and the session is asking it. */
  suspected(sign: string): void {
    this.#expect(SIGN_DEADLINE, `the gateway seems to have been restarted (${sign}), and does not answer`);
  }

  #ask(deadline: typeof NAP_DEADLINE, why: string): void {
    const now = this.#parts.up();
    if (!now) return;
    this.#parts.events.note('info', 'path', `${why}: asking the gateway`);
    void this.#probe();
    this.#expect(deadline, `${why}, and the gateway does not answer`);
  }

  /** With MOBIKE the question tells the gateway where we are as well: a NAT may have moved us without our knowledge. */
  async #probe(): Promise<void> {
    const { world, up } = this.#parts;
    const addresses = await world.localAddresses([up()?.interface ?? '']);
    const now = up();
    const view = now?.link.view();
    if (!now || !view) return;
    if (view.mobike && view.path) now.link.move(view.path, addresses);
    else now.link.command({ kind: 'probe' });
  }

  /** Something of the gateway has to come until then. */
  #expect(deadline: typeof NAP_DEADLINE, reason: string): void {
    const { scheduler } = this.#parts.world;
    const since = scheduler.now();
    this.#cancelDeadline?.();
    this.#cancelDeadline = scheduler.at(after(since, deadline), () => {
      const view = this.#parts.up()?.link.view();
      if (!view || view.heardAt >= since || this.#offline) return;
      this.#parts.renew(moved(reason));
    });
  }

  /**
   * Packets go out and none come back, although the gateway may just have nothing to say: it is asked. A new NAT mapping
   * and a restarted gateway are found out this way long before the next liveness check.
   */
  #look(): void {
    const { scheduler } = this.#parts.world;
    this.#cancelLook = scheduler.at(after(scheduler.now(), LOOK), () => {
      this.#parts.tick();
      const now = this.#parts.up();
      if (!now) return;
      const asked = this.#askedAt;
      const due = asked === undefined || scheduler.now() - asked > 2 * ONE_WAY_DEADLINE;
      if (due && !this.#offline && isOneWay(now.link.view(), now.datapath, scheduler.now())) {
        this.#askedAt = scheduler.now();
        void this.#probe();
        this.#expect(ONE_WAY_DEADLINE, 'the gateway is silent while packets are sent to it');
      }
      this.#look();
    });
  }
}

function isOneWay(view: IkeView | undefined, datapath: Datapath, now: Instant): boolean {
  if (!view || now - view.heardAt < ONE_WAY_MS) return false;
  const counters = view.children.flatMap((child) => datapath.counters(child.id) ?? []);
  const sends = counters.some((c) => c.idleOut !== undefined && c.idleOut < 2 * LOOK);
  const hears = counters.some((c) => c.idleIn !== undefined && c.idleIn < ONE_WAY_MS);
  return sends && !hears;
}

const moved = (message: string): Failure => ({
  code: 'PEER_GONE',
  phase: 'established',
  authenticated: false,
  message,
});

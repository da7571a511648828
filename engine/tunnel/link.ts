/**
 * One try at one gateway endpoint and, when it works, the living connection: a session on the tunnel's data
 * path, the children it installed, the addresses it was given, and the host state that follows from them.
 */
import type { Failure } from '../base/failure.ts';
import type { Endpoint, Prefix } from '../base/ip.ts';
import { cipherSizes } from '../crypto/suites.ts';
import type { DatapathEvent } from '../datapath/protocol.ts';
import type {
  Assigned,
  ChildView,
  Command,
  FollowRedirects,
  IkeState,
  IkeView,
  NatView,
  NoteData,
  NoteTopic,
  Path,
  SessionFactory,
} from '../ike/contract.ts';
import type { Ask } from '../ike/eap/ask.ts';
import type { Host, HostState } from '../os/port.ts';
import { addressIdentity } from './address-identity.ts';
import { PLAIN_PORT } from './candidates.ts';
import { isStray, ownSpi } from './demux.ts';
import type { RemovalReason } from './dormancy.ts';
import { type AnswerResult, type MessageEffect, type RedirectEffect, SessionDriver } from './driver.ts';
import { guardState, guardsEverything, keepsLocal } from './guard.ts';
import { hostState } from './host-state.ts';
import { innerMtu, MINIMUM_MTU } from './inner-mtu.ts';
import type { TunnelPlan } from './plan.ts';
import type { Credentials, IkeSocket, OpenDatapath, World } from './ports.ts';

/** Assumed where the kernel does not tell: Ethernet. */
const USUAL_PATH_MTU = 1500;

/** What the tunnel hears of its link. */
export interface LinkEvents {
  state(state: IkeState): void;
  /** The gateway wants to know something of the user, and waits. */
  ask(ask: Ask, answer: (result: AnswerResult) => void): void;
  /** Of a link beside another: all that the other has is there, and waits for `takeOver`. */
  complete(): void;
  /** The host carries the tunnel: packets can flow. */
  usable(changes: readonly string[]): void;
  childFailed(name: string, failure: Failure): void;
  /** Somebody says that the gateway has forgotten us; it is being asked. */
  suspicion(sign: string): void;
  /** The gateway sends us to another one; unless we are connected, the end follows. */
  redirect(effect: RedirectEffect): void;
  /** A pair is gone and none is in its place. `left`: how many pairs there are yet. */
  childEnded(view: ChildView, reason: RemovalReason, left: number): void;
  note(
    level: 'debug' | 'info' | 'warn',
    topic: NoteTopic | 'host' | 'path',
    text: string,
    data?: NoteData,
  ): void;
  message(effect: MessageEffect): void;
  /** The end, exactly once. */
  closed(failure: Failure | undefined): void;
}

/** The link that carries the traffic while another is made to follow it (RFC 7296 §2.8.3). */
export interface Beside {
  /** Of all its children, so that none is missing after the change. */
  readonly children: ReadonlySet<string>;
  readonly addresses: readonly Prefix[];
  readonly hostState: HostState | undefined;
}

export interface LinkParts {
  readonly plan: TunnelPlan;
  readonly world: World;
  readonly host: Host;
  readonly createSession: SessionFactory;
  readonly credentials: Credentials;
  readonly open: OpenDatapath;
  readonly remote: Endpoint;
  /** Every address of the gateway, none of which may be routed into the tunnel. */
  readonly bypass: readonly string[];
  /** Whether the gateway may send us to another; left out, it may not. */
  readonly followRedirects?: FollowRedirects | undefined;
  readonly freshSpi: () => number;
  readonly freshChildId: () => number;
  /** Changes neither the host nor the way of traffic before `takeOver`. */
  readonly beside?: Beside | undefined;
  readonly events: LinkEvents;
}

export class Link {
  readonly #parts: LinkParts;
  readonly #children = new Map<number, ChildView>();
  /** Every child that ever was, by name, as it was last agreed on. */
  readonly #known = new Map<string, ChildView>();
  /** Closed until traffic wants them; their routes stay. */
  readonly #resting = new Set<string>();
  /** Outside the tunnel beside our own gateway: those that other links speak to. */
  #others: readonly string[] = [];
  #driver: SessionDriver | undefined;
  #ikeSocket: IkeSocket | undefined;
  #assigned: Assigned | undefined;
  #pathMtu = USUAL_PATH_MTU;
  /** Networks of this machine, where they stay outside. */
  #local: readonly Prefix[] = [];
  #hostWork: Promise<void> = Promise.resolve();
  #hostState: HostState | undefined;
  #ended = false;
  /** That the host sends from to the gateway. */
  #localAddress: string | undefined;
  #heldBack: boolean;
  /** `usable` was told, or will be. */
  #shaped = false;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#heldBack = parts.beside !== undefined;
  }

  async start(): Promise<void> {
    const { plan, world, remote, open, createSession, credentials, events, freshSpi, freshChildId } =
      this.#parts;
    this.#localAddress = await world.localAddressFor(remote.address);
    const local = this.#localAddress ?? (remote.address.includes(':') ? '::' : '0.0.0.0');
    this.#pathMtu = (await world.pathMtu(remote.address)) ?? USUAL_PATH_MTU;
    const addresses = plan.ike.mobike ? await world.localAddresses([open.interface]) : [];
    await this.#findLocal();
    if (remote.port === PLAIN_PORT)
      this.#ikeSocket = await world.openIkeSocket(remote.address.includes(':') ? 6 : 4);
    if (this.#ended) {
      this.#ikeSocket?.close();
      return;
    }
    const session = createSession(
      {
        ...this.#ikeConfig(),
        localId: plan.ike.localId ?? addressIdentity(local),
        ...(this.#parts.followRedirects ? { followRedirects: this.#parts.followRedirects } : {}),
      },
      {
        ...world.ike,
        freshSpi: freshSpi as () => ReturnType<Parameters<SessionFactory>[1]['freshSpi']>,
        freshChildId,
        childUsed: (id) => {
          const counters = open.datapath.counters(id);
          return !counters || counters.packetsIn + counters.packetsOut > 0;
        },
      },
    );
    const driver = new SessionDriver({
      session,
      datapath: open.datapath,
      scheduler: world.scheduler,
      credentials,
      log: world.log,
      keepalive: plan.keepaliveSeconds,
      heldBack: this.#heldBack,
      ...(this.#ikeSocket ? { ikeSocket: this.#ikeSocket } : {}),
      events: {
        state: (state) => events.state(state),
        ask: (ask, answer) => events.ask(ask, answer),
        assigned: (assigned) => {
          this.#assigned = assigned;
        },
        installed: (child, replaces) => this.#installed(child, replaces),
        removed: (id, reason) => this.#removed(id, reason),
        childFailed: (name, failure) => events.childFailed(name, failure),
        path: (path, nat) => this.#moved(path, nat),
        suspicion: (sign) => events.suspicion(sign),
        redirect: (effect) => events.redirect(effect),
        note: (level, topic, text, data) => events.note(level, topic, text, data),
        message: (effect) => events.message(effect),
        closed: (failure) => this.#close(failure),
      },
    });
    this.#driver = driver;
    const socket = this.#ikeSocket;
    socket?.onDatagram((bytes, from) =>
      driver.datagram(bytes, { local: { address: local, port: socket.local.port }, remote: from }, false),
    );
    driver.start(
      { local: { address: local, port: socket?.local.port ?? open.datapath.local.port }, remote },
      addresses,
    );
  }

  /** INITIAL_CONTACT would have the peer forget the link beside this one (RFC 7296 §2.4). */
  #ikeConfig(): TunnelPlan['ike'] {
    const { plan, beside } = this.#parts;
    const { ike } = plan;
    return beside
      ? { ...ike, initialContact: false, virtualIp: { ...ike.virtualIp, wanted: beside.addresses } }
      : ike;
  }

  /**
   * Keeps more addresses out of the tunnel, and those of before no longer; resolves when the host does.
   * @throws OsError and the host is as it was
   */
  async letOut(addresses: readonly string[]): Promise<void> {
    this.#others = addresses;
    const before = this.#hostState;
    if (!before || this.#ended) return;
    const errors: unknown[] = [];
    this.#applyHost((error) => {
      this.#hostState = before;
      errors.push(error);
    });
    await this.#hostWork;
    if (errors.length > 0) throw errors[0];
  }

  /** Carries the traffic from now on, and then shapes the host; `usable` follows. */
  takeOver(): void {
    this.#heldBack = false;
    this.#driver?.takeOver();
    this.#hostState = this.#parts.beside?.hostState;
    if (this.#children.size > 0) this.#shapeHost();
  }

  /** Traffic goes this way and the NAT mapping is kept, whatever another link has done meanwhile. */
  lead(): void {
    this.#driver?.takeOver();
    this.#driver?.keepAlive();
  }

  /** An event of the data path; true when it was this link's. */
  event(event: DatapathEvent): boolean {
    const driver = this.#driver;
    if (!driver || this.#ended) return false;
    if (event.kind !== 'ike') return driver.traffic(event);
    const ours = ownSpi(event.bytes);
    const known = ours !== undefined && driver.owns(ours);
    if (!known && !isStray(event.bytes)) return false;
    const address = this.#localAddress ?? event.local.address;
    const local = { address, port: event.local.port };
    driver.datagram(event.bytes, { local, remote: event.remote }, true);
    return known;
  }

  /** Our address is another one. */
  move(path: Path, addresses: readonly string[]): void {
    this.#driver?.move(path, addresses);
    void this.#findLocal().then(() => {
      if (this.#hostState && !this.#ended) this.#applyHost();
    });
  }

  command(command: Command): void {
    this.#driver?.command(command);
  }

  view(): IkeView | undefined {
    return this.#driver?.view();
  }

  /** Every child that was there, as it was last agreed on. */
  get known(): readonly ChildView[] {
    return [...this.#known.values()];
  }

  get assigned(): Assigned | undefined {
    return this.#assigned;
  }

  /** SPIs of ours that packets may name. */
  inboundSpis(): readonly number[] {
    return this.view()?.children.map(({ spiIn }) => spiIn) ?? [];
  }

  /** Every address of its gateway. */
  get bypass(): readonly string[] {
    return this.#parts.bypass;
  }

  get hostState(): HostState | undefined {
    return this.#hostState;
  }

  /** Ends without asking the peer. */
  abandon(failure: Failure | undefined): void {
    this.#driver?.abandon();
    this.#close(failure);
  }

  /** Resolves when no change of the host is under way any more. */
  settled(): Promise<void> {
    return this.#hostWork;
  }

  #installed(child: ChildView, replaces: number | undefined): void {
    this.#children.set(child.id, child);
    this.#known.set(child.name, child);
    this.#resting.delete(child.name);
    if (replaces !== undefined) this.#children.delete(replaces);
    if (!this.#heldBack) this.#shapeHost();
    else if (this.#isComplete()) this.#parts.events.complete();
  }

  #isComplete(): boolean {
    const names = new Set([...this.#children.values()].map((child) => child.name));
    return [...(this.#parts.beside?.children ?? [])].every((name) => names.has(name));
  }

  #removed(id: number, reason: RemovalReason): void {
    const view = this.#children.get(id);
    this.#children.delete(id);
    if (!view || [...this.#children.values()].some(({ name }) => name === view.name)) return;
    if (reason === 'unused' || this.#parts.plan.dpdAction === 'hold') this.#resting.add(view.name);
    this.#parts.events.childEnded(view, reason, this.#children.size);
  }

  #moved(path: Path, nat: NatView): void {
    const situation = nat.forced
      ? 'encapsulation forced'
      : nat.local || nat.remote
        ? 'behind a NAT'
        : 'no NAT';
    this.#parts.events.note(
      'info',
      'path',
      `path ${path.local.address} → ${path.remote.address} port ${path.remote.port}, ${situation}`,
      { local: path.local.address, remote: `${path.remote.address} port ${path.remote.port}` },
    );
  }

  async #findLocal(): Promise<void> {
    const { plan, world, open } = this.#parts;
    if (keepsLocal(plan)) this.#local = await world.localNetworks([open.interface]);
  }

  /** What a link before this one has left may be as it should be: that is told as well, once. */
  #shapeHost(): void {
    const changes = this.#applyHost();
    if (!changes && !this.#shaped) this.#parts.events.usable([]);
    this.#shaped = true;
  }

  /** False when the host is as it should be. */
  #applyHost(failed: (error: unknown) => void = (error) => this.#hostFailed(error)): boolean {
    const { plan, host, open, events, remote } = this.#parts;
    const bypass = [...new Set([...this.#parts.bypass, ...this.#others])];
    const resting = [...this.#resting].flatMap((name) => this.#known.get(name) ?? []);
    const children = [...this.#children.values(), ...resting];
    const mtu = plan.mtu ?? this.#innerMtu(children, remote.address);
    const allNames = guardsEverything(plan);
    const wish = { ...plan, interface: open.interface, mtu, bypass, allNames, local: this.#local };
    const desired = hostState(wish, this.#assigned, children);
    if (this.#hostState && sameState(this.#hostState, desired)) return false;
    this.#hostState = desired;
    open.datapath.setInnerMtu(mtu);
    this.#hostWork = this.#hostWork.then(async () => {
      if (this.#ended) return;
      try {
        const guard = guardState(plan, bypass, { interface: open.interface, dns: desired.dns.servers });
        const guarded = guard ? await host.guard(plan.name, guard) : [];
        const changes = [...guarded, ...(await host.apply(plan.name, desired))];
        if (!this.#ended) events.usable(changes.map((c) => c.description));
      } catch (error) {
        failed(error);
      }
    });
    return true;
  }

  #hostFailed(error: unknown): void {
    const detail = error instanceof Error ? error.message : String(error);
    const failure: Failure = {
      code: 'HOST_CONFIGURATION',
      phase: 'host',
      authenticated: true,
      message: `the tunnel is up but this machine could not be set up for it: ${detail}`,
    };
    if (this.#ended) return;
    this.#driver?.command({ kind: 'close' });
    this.#driver?.abandon();
    this.#close(failure);
  }

  #innerMtu(children: readonly ChildView[], remote: string): number {
    const fits = children.map((child) => {
      const sizes = cipherSizes(child.suite);
      return sizes ? innerMtu(this.#pathMtu, remote, sizes) : MINIMUM_MTU;
    });
    return Math.max(MINIMUM_MTU, Math.min(...fits));
  }

  #close(failure: Failure | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#ikeSocket?.close();
    this.#parts.events.closed(failure);
  }
}

function sameState(a: HostState, b: HostState): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/**
 * The engine with its tunnels against the embedded gateway on a virtual clock: real profiles, certificates and
 * sessions; data paths carry IKE alone and the host is in memory.
 */
import type { Instant } from '../../engine/base/brand.ts';
import { utf8 } from '../../engine/base/bytes.ts';
import { type Endpoint, parseIp } from '../../engine/base/ip.ts';
import { silentLog } from '../../engine/base/log.ts';
import { Secret } from '../../engine/base/secret.ts';
import type { Datapath, DatapathEvent, SaCounters, TrapSelectors } from '../../engine/datapath/protocol.ts';
import type { EspSaPair } from '../../engine/esp/params.ts';
import { Gateway } from '../../engine/gateway/gateway.ts';
import type { IkeConfig } from '../../engine/ike/contract.ts';
import type { EapServerConfig } from '../../engine/ike/eap/server.ts';
import { createSession } from '../../engine/ike/session.ts';
import { createImporter } from '../../engine/importer.ts';
import { OsError } from '../../engine/os/error.ts';
import { type MemoryHost, memoryHost } from '../../engine/os/host.fake.ts';
import { createCredentials } from '../../engine/pki/answer.ts';
import { formatIdentity, sameIdentity } from '../../engine/pki/identity.ts';
import type { ProfileStorage } from '../../engine/profile/storage.ts';
import { profileRules } from '../../engine/profile-rules.ts';
import { Engine } from '../../engine/tunnel/engine.ts';
import type { Scheduler } from '../../engine/tunnel/ports.ts';
import { issue, NOW } from '../engine/pki/fixtures.ts';
import { context, fqdn, responderConfig, seededRandom } from './configs.ts';

export const USER = 'carol';
export const PASSWORD = 'Ar3etTnp, ünïcode';
const GATEWAY_NAME = 'gw.culvert.test';
export const CLIENT: Endpoint = { address: '192.0.2.10', port: 4500 };
export const SERVER: Endpoint = { address: '192.0.2.1', port: 4500 };
const LATENCY = 10;

/** Time that stands still until it is told to pass; promises settle in between. */
export class VirtualClock implements Scheduler {
  #now = 1_000_000;
  #timers: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];
  #order = 0;

  now(): Instant {
    return this.#now as Instant;
  }
  wallClock(): number {
    return NOW + this.#now;
  }
  isoTime(epochMillis: number): string {
    return new Date(epochMillis).toISOString();
  }

  at(when: Instant, run: () => void): () => void {
    const timer = { at: Math.max(when, this.#now), order: this.#order++, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** How many wait for their time. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Resolves when so much time has passed; at once for none. */
  later(ms: number): Promise<void> {
    return ms === 0
      ? Promise.resolve()
      : new Promise((resolve) => this.at((this.#now + ms) as Instant, resolve));
  }

  /** Lets time pass, promises first. Signatures are made off the main thread, so that each turn waits a little. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      const [next] = this.#timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at || a.order - b.order);
      if (!next) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
    }
    this.#now = end;
    await settle();
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** What the client's network is like, and what went through it. */
export class Network {
  /** What every name of a gateway means; empty: names cannot be asked. */
  addresses: readonly string[] = [SERVER.address];
  /** Names that mean something else. */
  readonly names = new Map<string, readonly string[]>();
  /** Gateways at addresses of their own; the first one is at every other address. */
  readonly wires = new Map<string, Wire>();
  /** Addresses to which there is no route. */
  readonly unrouted = new Set<string>();
  /** Addresses, or `address port`, at which nobody answers. */
  readonly silent = new Set<string>();
  /** How long it takes to look a name up, and to open a data path. */
  resolving = 0;
  opening = 0;
  /** Data paths that are open or being opened, now and at most. */
  open = 0;
  mostOpen = 0;
  /** Each message of the client, when and where to. */
  readonly sent: { readonly at: number; readonly to: string }[] = [];

  /** Called before a datagram leaves. */
  onSend: (remote: Endpoint) => void = () => undefined;

  delivers({ address, port }: Endpoint): boolean {
    return !this.silent.has(address) && !this.silent.has(`${address} ${port}`);
  }
}

export class Wire implements Datapath {
  readonly local: Endpoint;
  readonly description = 'virtual';
  other: Wire | undefined;
  closed: () => void = () => undefined;
  readonly #clock: VirtualClock;
  readonly #network: Network | undefined;
  readonly #listeners: ((event: DatapathEvent) => void)[] = [];

  constructor(local: Endpoint, clock: VirtualClock, network?: Network) {
    this.local = local;
    this.#clock = clock;
    this.#network = network;
  }

  sendIke(bytes: Uint8Array, remote: Endpoint): void {
    const network = this.#network;
    network?.sent.push({ at: this.#clock.now(), to: remote.address });
    network?.onSend(remote);
    if (network && !network.delivers(remote)) return;
    const copy = bytes.slice();
    this.#clock.at((this.#clock.now() + LATENCY) as Instant, () =>
      (network?.wires.get(remote.address) ?? this.other)?.arrive(copy, this.local),
    );
  }
  arrive(bytes: Uint8Array, remote: Endpoint): void {
    this.tell({ kind: 'ike', bytes, remote, local: this.local });
  }
  tell(event: DatapathEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
  onEvent(listener: (event: DatapathEvent) => void): void {
    this.#listeners.push(listener);
  }
  async close(): Promise<void> {
    this.#listeners.length = 0;
    this.closed();
  }
  readonly traps = new Map<number, TrapSelectors>();
  readonly #installed = new Map<number, Instant>();
  /** When a packet last went through any pair. */
  busyAt: Instant | undefined;
  /** How many pairs are installed now. */
  get pairs(): number {
    return this.#installed.size;
  }
  install(pair: EspSaPair): void {
    this.#installed.set(pair.id, this.#clock.now());
  }
  activateOutbound(): void {}
  remove(id: number): void {
    this.#installed.delete(id);
  }
  setPath(): void {}
  trap(id: number, selectors?: TrapSelectors): void {
    if (selectors) this.traps.set(id, selectors);
    else this.traps.delete(id);
  }
  /** A packet of the host comes for which there is no SA. */
  spring(): void {
    for (const id of [...this.traps.keys()]) {
      this.traps.delete(id);
      for (const listener of this.#listeners) listener({ kind: 'trapped', id });
    }
  }
  keepalive(): void {}
  setInnerMtu(): void {}
  counters(id: number): SaCounters | undefined {
    const since = this.#installed.get(id);
    if (since === undefined) return undefined;
    const used = this.busyAt !== undefined && this.busyAt >= since;
    const idle = used ? this.#clock.now() - (this.busyAt ?? 0) : undefined;
    const count = used ? 1 : 0;
    return { bytesIn: 0, bytesOut: count, packetsIn: 0, packetsOut: count, idleIn: undefined, idleOut: idle };
  }
  totals(): ReturnType<Datapath['totals']> {
    const drops = {} as ReturnType<Datapath['totals']>['drops'];
    return { drops, datagramsIn: 0, datagramsOut: 0 };
  }
}

export interface MemoryProfiles extends ProfileStorage {
  readonly documents: Map<string, Readonly<Record<string, unknown>>>;
}

function memoryProfiles(): MemoryProfiles {
  const documents = new Map<string, Readonly<Record<string, unknown>>>();
  const stored = (name: string) => {
    const document = documents.get(name);
    return document && { name, document, savedAt: NOW };
  };
  return {
    documents,
    list: async () => [...documents.keys()].map(stored).filter((profile) => profile !== undefined),
    get: async (name) => stored(name),
    put: async (name, document) => void documents.set(name, document),
    remove: async (name) => documents.delete(name),
  };
}

export interface TunnelWorld {
  readonly clock: VirtualClock;
  readonly engine: Engine;
  readonly gateway: Gateway;
  readonly profiles: MemoryProfiles;
  readonly host: MemoryHost;
  readonly network: Network;
  /** The client's data path. */
  readonly path: Wire;
  /** How often the gateway was asked for the password of each user: one try each. */
  readonly tries: string[];
  /** All lines of both logs. */
  readonly lines: string[];
  /** Another gateway with the same name and users. */
  gatewayAt(address: string, over: Partial<IkeConfig>): Gateway;
  /** A profile of the gateway's user. */
  document(auth: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
  /** The gateway takes this password from now on. */
  password: string;
}

/** @param eap the gateway's methods and question; its only user is `USER` */
export async function tunnelWorld(
  eap: Pick<EapServerConfig, 'methods'> & { readonly question?: string },
  local?: Readonly<Record<string, unknown>>,
): Promise<TunnelWorld> {
  const root = await issue({ subject: 'CN=Root', ca: true });
  const own = await issue({ subject: `CN=${GATEWAY_NAME}`, issuer: root, dns: [GATEWAY_NAME] });
  const clock = new VirtualClock();
  const lines: string[] = [];
  const say = (message: string, fields?: unknown): void =>
    void lines.push(`${message} ${JSON.stringify(fields ?? {})}`);
  const log = { ...silentLog, debug: say, info: say, warn: say, error: say, with: () => log };
  const network = new Network();
  const ours = new Wire(CLIENT, clock, network);
  ours.closed = () => {
    network.open--;
  };
  const tries: string[] = [];
  const world = { password: PASSWORD };
  const gatewayAt = (address: string, over: Partial<IkeConfig>): Gateway => {
    const theirs = new Wire({ ...SERVER, address }, clock);
    theirs.other = ours;
    network.wires.set(address, theirs);
    return made(theirs, over);
  };
  const made = (theirs: Wire, over: Partial<IkeConfig>): Gateway =>
    new Gateway({
      config: responderConfig({
        localId: fqdn(GATEWAY_NAME),
        localAuth: { kind: 'pubkey', chain: [own.der] },
        remoteAuth: {
          kind: 'eap',
          authorities: new Uint8Array(0),
          eap: {
            ...eap,
            password: (name) => {
              tries.push(name);
              return name === USER ? new Secret(utf8(world.password)) : undefined;
            },
          },
        },
        ...over,
      }),
      createSession,
      datapath: theirs,
      scheduler: clock,
      credentials: createCredentials({
        key: own.key,
        anchors: [],
        now: () => NOW,
        warn: () => undefined,
        eku: 'ignore',
        allowLegacy: false,
      }),
      context: context(`gateway ${theirs.local.address}`),
      log,
      pool: [{ address: '10.98.0.0', length: 24 }],
      dns: [],
      cookieThreshold: 1000,
    });
  const gateway = gatewayAt(SERVER.address, {});
  ours.other = network.wires.get(SERVER.address);
  const profiles = memoryProfiles();
  const host = memoryHost();
  const engine = new Engine({
    world: {
      scheduler: clock,
      log,
      ike: { crypto: context('client').crypto, random: seededRandom('client'), sameIdentity },
      resolve: async (host) => {
        await clock.later(network.resolving);
        const known = network.names.get(host) ?? (parseIp(host) ? [host] : network.addresses);
        if (known.length > 0) return known;
        throw new OsError('name-not-found', `the name ${host} has no address`, 'nobody to ask');
      },
      localAddressFor: async (remote) => (network.unrouted.has(remote) ? undefined : CLIENT.address),
      pathMtu: async () => 1500,
      localAddresses: async () => [],
      localNetworks: async () => [],
      openIkeSocket: () => Promise.reject(new Error('no plain port here')),
      openDatapath: async () => {
        network.mostOpen = Math.max(network.mostOpen, ++network.open);
        await clock.later(network.opening);
        return { datapath: ours, interface: 'culvert0' };
      },
    },
    host,
    createSession,
    identityText: formatIdentity,
    profiles,
    rules: profileRules(
      () => NOW,
      () => undefined,
    ),
    importer: createImporter(),
    diagnose: () => Promise.reject(new Error('nothing to tell')),
    doctor: () => Promise.reject(new Error('nobody to examine')),
    logSource: { tail: () => [], onLine: () => () => undefined },
    about: {
      version: '0',
      pid: 1,
      privileged: false,
      socket: '/nowhere',
      stateFolder: '/nowhere',
      recovered: [],
    },
  });
  const document = (auth: Readonly<Record<string, unknown>>) => ({
    name: 'office',
    gateway: { hosts: GATEWAY_NAME, port: 4501 },
    local: { id: 'carol@culvert.test', auth },
    remote: { anchors: [root.pem], revocation: { crl: 'off', ocsp: 'off' } },
    ike: { proposals: 'aes128gcm16-prfsha256-x25519!' },
    esp: { proposals: 'aes128gcm16!' },
    children: { net: { remote: '10.99.0.0/16' } },
    virtualIp: { ipv4: true, ipv6: false },
    dpd: { delay: '30s' },
    ...local,
  });
  return Object.assign(world, {
    clock,
    engine,
    gateway,
    gatewayAt,
    profiles,
    host,
    network,
    path: ours,
    tries,
    lines,
    document,
  });
}

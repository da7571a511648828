/**
 * The stage of the demo: an engine and the embedded gateway in one process, connected through real UDP sockets on the
 * loopback interface. Only the network interfaces are in memory.
 */
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { ProfileDocumentJson } from '../api/commands.ts';
import type { Instant, Spi32 } from '../base/brand.ts';
import { readU32, toHex, utf8 } from '../base/bytes.ts';
import { parsePrefix } from '../base/ip.ts';
import { type Log, silentLog } from '../base/log.ts';
import { Secret } from '../base/secret.ts';
import { defaultProposals } from '../crypto/proposals.ts';
import { createDiagnose } from '../diagnose.ts';
import { createDoctor } from '../doctor.ts';
import type { EspSaPair } from '../esp/params.ts';
import { Gateway } from '../gateway/gateway.ts';
import { pskGatewayConfig } from '../gateway/psk-config.ts';
import type { IkeConfig } from '../ike/contract.ts';
import { createSession } from '../ike/session.ts';
import { createImporter } from '../importer.ts';
import { memoryHost } from '../os/host.fake.ts';
import { fetchAnswer } from '../os/http.ts';
import { systemScheduler } from '../os/scheduler.ts';
import { openInline, selectCrypto, selectFacts, selectUdp } from '../os/select.ts';
import { MemoryTun } from '../os/tun/tun.fake.ts';
import { formatIdentity, parseIdentity } from '../pki/identity.ts';
import type { ProfileStorage } from '../profile/storage.ts';
import { profileRules } from '../profile-rules.ts';
import { Engine, type EngineParts } from '../tunnel/engine.ts';
import type { Credentials, World } from '../tunnel/ports.ts';

export const LOOPBACK = '127.0.0.1';
/** A host behind the gateway that answers pings. */
export const INSIDE = '10.77.0.1';
export const GATEWAY_ID = 'gateway.demo';
export const CLIENT_ID = 'roamer@demo';
const RESOLVER = '10.77.0.53';

export interface Scene {
  readonly engine: Engine;
  readonly gateway: Gateway;
  readonly gatewayPort: number;
  /** The interface of the first connection. */
  readonly clientTun: MemoryTun;
  readonly gatewayTun: MemoryTun;
  readonly host: ReturnType<typeof memoryHost>;
  readonly psk: string;
  close(): Promise<void>;
}

/** How the gateway proves itself, when not with the demo's pre-shared key. */
export interface GatewayIdentity {
  readonly config: Pick<IkeConfig, 'localId' | 'localAuth' | 'remoteAuth'>;
  readonly credentials: Credentials;
}

export interface SceneOptions {
  readonly log?: Log;
  readonly logSource?: EngineParts['logSource'];
  readonly profiles?: ProfileStorage;
  readonly about?: Partial<EngineParts['about']>;
  readonly identity?: GatewayIdentity;
  /** Hears of each interface that a connection opens. */
  readonly opened?: (tun: MemoryTun) => void;
}

const noProfiles: ProfileStorage = {
  list: async () => [],
  get: async () => undefined,
  put: async () => undefined,
  remove: async () => false,
};

const noLog: EngineParts['logSource'] = { tail: () => [], onLine: () => () => undefined };

const refuse = async (): Promise<never> => {
  throw new Error('the demo uses a pre-shared key');
};

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

interface OpenGateway {
  readonly gateway: Gateway;
  readonly port: number;
  close(): Promise<void>;
}

type OpenPath = (tun: MemoryTun) => ReturnType<typeof openInline>;

/** The gateway alone, on a free port of the loopback interface. */
async function openGateway(
  open: OpenPath,
  tun: MemoryTun,
  psk: string,
  { identity, log = silentLog }: SceneOptions,
): Promise<OpenGateway> {
  const datapath = await open(tun);
  let ids = 0;
  const gateway = new Gateway({
    config: {
      ...pskGatewayConfig({
        localId: parseIdentity(GATEWAY_ID),
        secret: new Secret(utf8(psk)),
        proposals: defaultProposals('ike'),
        child: { name: 'inside', proposals: defaultProposals('esp') },
      }),
      ...identity?.config,
    },
    createSession,
    datapath,
    scheduler: systemScheduler(),
    credentials: identity?.credentials ?? { sign: refuse, verifyPeer: refuse },
    context: {
      crypto: selectCrypto(),
      random,
      freshSpi: () => ((readU32(random(4), 0) | 0x100) >>> 0) as Spi32,
      freshChildId: (): EspSaPair['id'] => ++ids,
    },
    log: log.with({ side: 'gateway' }),
    pool: [
      { address: '10.77.8.0', length: 24 },
      parsePrefix('fd77:8::/64') ?? { address: '::', length: 128 },
    ],
    dns: [RESOLVER],
    cookieThreshold: 10,
  });
  return { gateway, port: datapath.local.port, close: () => datapath.close() };
}

/** Builds it all; nothing is connected yet. */
export async function setTheScene(options: SceneOptions = {}): Promise<Scene> {
  const { log = silentLog, logSource = noLog, profiles = noProfiles, about = {}, opened } = options;
  const scheduler = systemScheduler();
  const crypto = selectCrypto();
  const open: OpenPath = async (tun) =>
    openInline({ tun, port: 0, address: LOOPBACK, crypto, clock: () => performance.now() as Instant });
  const gatewayTun = new MemoryTun({ name: 'gateway0', mtu: 1400 });
  const clientTun = new MemoryTun({ name: 'client0', mtu: 1400 });
  const psk = toHex(random(16));
  const side = await openGateway(open, gatewayTun, psk, options);
  const host = memoryHost();
  let connections = 0;
  const world: World = {
    scheduler,
    log,
    ike: { crypto, random },
    resolve: async (name) => [name],
    localAddressFor: async () => LOOPBACK,
    pathMtu: async () => 1500,
    localAddresses: async () => [],
    localNetworks: async () => [],
    openIkeSocket: () => selectUdp().open({ port: 0, address: LOOPBACK }),
    openDatapath: async ({ mtu }) => {
      const number = connections++;
      const tun = number === 0 ? clientTun : new MemoryTun({ name: `client${number}`, mtu });
      opened?.(tun);
      return { datapath: await open(tun), interface: tun.name };
    },
  };
  const engine = new Engine({
    world,
    host,
    createSession,
    identityText: formatIdentity,
    profiles,
    rules: profileRules(
      () => Date.now(),
      (text) => log.warn(text),
    ),
    importer: createImporter(),
    doctor: createDoctor({ world, createSession, fetchAnswer }),
    // It is one process with a gateway of its own: the network of the machine has no part in it.
    diagnose: createDiagnose({ ...selectFacts(''), read: async () => [] }),
    logSource,
    about: {
      version: '',
      pid: process.pid,
      privileged: false,
      socket: '',
      stateFolder: '',
      recovered: [],
      ...about,
    },
  });
  const close = async (): Promise<void> => {
    await engine.stop();
    side.gateway.abandon();
    await side.close();
  };
  return {
    engine,
    gateway: side.gateway,
    gatewayPort: side.port,
    clientTun,
    gatewayTun,
    host,
    psk,
    close,
  };
}

/** A profile that connects to the scene's gateway. */
export const profileFor = (
  { psk, gatewayPort }: Pick<Scene, 'psk' | 'gatewayPort'>,
  name: string,
): ProfileDocumentJson => ({
  name,
  gateway: { hosts: [LOOPBACK], port: gatewayPort },
  local: { id: CLIENT_ID, auth: { psk } },
  remote: { id: GATEWAY_ID },
  virtualIp: { ipv4: true, ipv6: true },
});

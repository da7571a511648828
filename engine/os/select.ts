/**
 * The only file that asks for the platform: picks the implementation of each port. Composition, so it may import
 * the data paths (see test/architecture.test.ts).
 */
import { randomFillSync } from 'node:crypto';
import type { Socket } from 'node:net';
import { hostname, release } from 'node:os';
import type { Instant } from '../base/brand.ts';
import type { Log } from '../base/log.ts';
import type { OffloadLevel } from '../base/offload-level.ts';
import type { CryptoProvider } from '../crypto/port.ts';
import { openInlineDatapath } from '../datapath/inline.ts';
import type { Datapath } from '../datapath/protocol.ts';
import { coolWorkers, warmWorkers } from '../datapath/spare-worker.ts';
import type { WindowsLibrary } from '../datapath/windows/calls.ts';
import { openWorkerDatapath } from '../datapath/worker-client.ts';
import { systemCommands } from './command.ts';
import { nodeProvider } from './crypto/node.ts';
import { openSslProvider } from './crypto/openssl.ts';
import { OsError } from './error.ts';
import { linuxFacts } from './facts/facts.linux.ts';
import type { FactsPort } from './facts/port.ts';
import { dataProtection, loadCrypt32 } from './ffi/crypt32.win32.ts';
import { loadIpHelper } from './ffi/iphlpapi.win32.ts';
import { loadKernel32 } from './ffi/kernel32.win32.ts';
import { type DarwinLibc, loadDarwinLibc } from './ffi/libc.darwin.ts';
import { type LinuxLibc, loadLinuxLibc } from './ffi/libc.linux.ts';
import { loadChangeNotices } from './ffi/notify.win32.ts';
import { darwinPeerProcess } from './ffi/peercred.darwin.ts';
import { type PeerProcess, peerProcess } from './ffi/peercred.linux.ts';
import { loadWinsock } from './ffi/winsock.win32.ts';
import { darwinHostEnvironment } from './host.darwin.ts';
import { memoryHost } from './host.fake.ts';
import { firewallTable, linuxHostEnvironment, routingOf } from './host.linux.ts';
import { type OpenHost, openHost } from './host.ts';
import { windowsHostEnvironment } from './host.win32.ts';
import { commandSource } from './netmon/command.ts';
import { withLogind } from './netmon/logind.linux.ts';
import { networkMonitor } from './netmon/monitor.ts';
import { changeNotices } from './netmon/notices.win32.ts';
import type { WatchNetwork } from './netmon/port.ts';
import { routingSocket } from './netmon/routing-socket.darwin.ts';
import type { ChangeSource } from './netmon/source.ts';
import { FileSecrets } from './secrets/file-store.ts';
import type { KeyKeeper, SecretsStore } from './secrets/port.ts';
import { keychainKeeper } from './secrets/secrets.darwin.ts';
import { linuxKeepers } from './secrets/secrets.linux.ts';
import { dataProtectionKeeper } from './secrets/secrets.win32.ts';
import type { Tun, TunPort } from './tun/port.ts';
import { darwinTun } from './tun/tun.darwin.ts';
import { linuxTun } from './tun/tun.linux.ts';
import { installedTun, installedWintun } from './tun/tun.win32.ts';
import type { UdpPort, UdpRequest } from './udp/port.ts';
import type { RawUdp } from './udp/raw.ts';
import { darwinUdp, openDarwinUdp } from './udp/udp.darwin.ts';
import { linuxUdp, openRawUdp } from './udp/udp.linux.ts';
import { dgramUdp, openDgram } from './udp/udp.ts';
import { openWindowsUdp, windowsUdp } from './udp/udp.win32.ts';

export interface DatapathRequest {
  /** Closed with the data path. */
  readonly tun: Tun;
  /** Local UDP port, 0 for any. */
  readonly port: number;
  /** One local address; every address of both families when absent. */
  readonly address?: string;
  readonly crypto: Pick<CryptoProvider, 'cipher'>;
  readonly clock: () => Instant;
  /** No more than this is done in bulk; all that the system has when left out. */
  readonly offload?: OffloadLevel;
}

const isWindows = process.platform === 'win32';

const linuxLibc = (): ReturnType<typeof loadLinuxLibc> =>
  process.platform === 'linux' ? loadLinuxLibc() : undefined;

const darwinLibc = (): ReturnType<typeof loadDarwinLibc> =>
  process.platform === 'darwin' ? loadDarwinLibc() : undefined;

/** @throws OsError `not-supported` on a system for which there is no tun yet */
export function selectTun(): TunPort {
  const libc = linuxLibc();
  if (libc) return linuxTun(libc);
  const darwin = darwinLibc();
  if (darwin) return darwinTun(darwin);
  if (isWindows) return installedTun(process.execPath);
  throw new OsError('not-supported', `there is no tun for ${process.platform} on ${process.arch} yet`);
}

export function selectUdp(): UdpPort {
  const libc = linuxLibc();
  if (isWindows) return windowsUdp(loadIpHelper(), loadWinsock());
  const darwin = darwinLibc();
  if (darwin) return darwinUdp(darwin);
  return libc ? linuxUdp(libc) : dgramUdp;
}

/** OpenSSL through the exports of the node executable where they are there, else node:crypto. */
export const selectCrypto = (): CryptoProvider => openSslProvider(openSslPath()) ?? nodeProvider;

/** On Windows the executable must be named; elsewhere it is found as the process itself. */
const openSslPath = (): string | null => (isWindows ? process.execPath : null);

/** The worker's entry: from source through tsx, or the file beside the bundle. */
const workerUrl = (): URL =>
  import.meta.url.endsWith('.ts')
    ? new URL('../datapath/boot.mjs', import.meta.url)
    : new URL('./datapath-worker.mjs', import.meta.url);

/** Keeps workers ready for the next data path, where workers are used; loading their code takes longer than a handshake. */
export function warmDatapath(): void {
  if (workerSystem()) warmWorkers(workerUrl());
}

/** The opposite, before the process ends. */
export const coolDatapath = (): void => coolWorkers();

/**
 * Worker threads with blocking system calls where there are some for the system and the tun has a descriptor, else the
 * event loop. `fallback` hears why when workers were to be had but did not start.
 * @throws OsError `udp-unavailable`, `permission`
 */
export async function selectDatapath(
  request: DatapathRequest,
  fallback: (reason: string) => void = () => undefined,
): Promise<Datapath> {
  const libc = workerSystem();
  const { tun, port, address } = request;
  if (!libc || tun.fd < 0) return openInline(request);
  let udp: RawUdp;
  try {
    const local = address === undefined ? { port } : { port, address };
    udp = openWorkerUdp(libc, local, request.offload);
  } catch (error) {
    if (error instanceof OsError && error.detail.startsWith('socket')) return openInline(request);
    throw error;
  }
  try {
    return await openWorkerDatapath({ libc, tun, udp, workerUrl: workerUrl(), openSslPath: openSslPath() });
  } catch (error) {
    udp.close();
    fallback(error instanceof Error ? error.message : String(error));
    return openInline(request);
  }
}

/** What worker threads call, on a system that has them. */
type WorkerSystem = LinuxLibc | DarwinLibc | WindowsLibrary;

const workerSystem = (): WorkerSystem | undefined =>
  isWindows
    ? { ...loadKernel32(), system: 'windows', library: installedWintun(process.execPath) }
    : (linuxLibc() ?? darwinLibc());

function openWorkerUdp(calls: WorkerSystem, local: UdpRequest, offload?: OffloadLevel): RawUdp {
  if (!('system' in calls)) return openRawUdp(calls, local, offload);
  if (calls.system === 'darwin') return openDarwinUdp(calls, local, offload);
  const winsock = loadWinsock();
  if (!winsock) throw new OsError('udp-unavailable', 'UDP cannot be used', 'socket: no Winsock');
  return openWindowsUdp(winsock, local, offload);
}

/** @throws OsError `udp-unavailable`, `permission` */
export async function openInline(request: DatapathRequest): Promise<Datapath> {
  const { tun, crypto, clock, port, address } = request;
  const udp = await openDgram(address === undefined ? { port } : { port, address });
  return openInlineDatapath({
    tun,
    udp,
    crypto,
    clock,
    fillRandom: (into) => randomFillSync(into),
    localAddressFor: selectUdp().localAddressFor,
  });
}

export interface HostRequest {
  /** Where the change journal is kept. */
  readonly stateDir: string;
  readonly log: Log;
  /** True for a host in memory that changes nothing, on any system. */
  readonly fake?: boolean;
}

/** @throws OsError `not-supported` on a system whose host cannot be changed yet; `permission` for the state directory */
export async function selectHost({ stateDir, log, fake }: HostRequest): Promise<OpenHost> {
  if (fake === true) return memoryHost();
  if (process.platform === 'linux')
    return openHost({ stateDir, log, environment: linuxHostEnvironment(routingOf(stateDir)) });
  const darwin = darwinLibc();
  if (darwin)
    return openHost({ stateDir, log, environment: darwinHostEnvironment(darwin, systemCommands()) });
  if (isWindows) return openHost({ stateDir, log, environment: windowsHostEnvironment() });
  throw new OsError('not-supported', `routes and name servers cannot be set on ${process.platform} yet`);
}

/** Of the network nothing is told where it cannot be asked. */
export const selectFacts = (stateDir: string): FactsPort => ({
  platform: `${process.platform} ${release()} ${process.arch}`,
  node: process.version,
  hostName: hostname(),
  read: async () =>
    process.platform === 'linux' ? await linuxFacts(systemCommands(), firewallTable(stateDir)) : [],
});

function keyKeepers(): readonly KeyKeeper[] {
  if (isWindows) return [dataProtectionKeeper(dataProtection(loadCrypt32()))];
  return process.platform === 'darwin' ? [keychainKeeper(systemCommands())] : linuxKeepers(systemCommands());
}

/** Nothing is opened before the first secret. `passedOver` hears why a better protection was not to be had. */
export const selectSecrets = (stateFolder: string, passedOver: (reason: string) => void): SecretsStore =>
  new FileSecrets({ stateFolder, keepers: keyKeepers(), passedOver });

/** Who is at the other end of a local socket; none where access to a named pipe decides by itself. */
export function selectPeerCredentials(): ((socket: Socket) => PeerProcess | undefined) | undefined {
  if (isWindows) return undefined;
  if (process.platform === 'linux') return peerProcess;
  const darwin = darwinLibc();
  return darwin ? darwinPeerProcess(darwin) : () => undefined;
}

/** In the way that the system has to tell, and by its commands where that cannot be had. */
export function selectNetworkMonitor(log: Log): WatchNetwork {
  const monitor = networkMonitor({ sources: changeSources(), log });
  const busctl = process.platform === 'linux' ? systemCommands().find('busctl') : undefined;
  return busctl === undefined ? monitor : withLogind(monitor, { busctl });
}

function changeSources(): readonly ChangeSource[] {
  if (isWindows) return [changeNotices(() => ({ kernel: loadKernel32(), notices: loadChangeNotices() }))];
  const [name, ...args] = MONITORS[process.platform] ?? [];
  const path = name === undefined ? undefined : systemCommands().find(name);
  const darwin = darwinLibc();
  return [
    ...(darwin ? [routingSocket(darwin)] : []),
    ...(path === undefined ? [] : [commandSource(path, args)]),
  ];
}

const MONITORS: Readonly<Record<string, readonly string[]>> = {
  linux: ['ip', '-o', 'monitor', 'link', 'address', 'route'],
  darwin: ['route', '-n', 'monitor'],
};

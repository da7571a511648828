/** The composition root: builds the engine of this machine and holds no logic. */
import { randomBytes } from 'node:crypto';
import { ApiError, localFailure } from './api/failure.ts';
import type { OffloadLevel } from './base/offload-level.ts';
import type { EngineOptions, RunningEngine } from './cli/start.ts';
import { createDiagnose } from './diagnose.ts';
import { createDoctor } from './doctor.ts';
import { createSession } from './ike/session.ts';
import { createImporter } from './importer.ts';
import { OsError } from './os/error.ts';
import { groupId } from './os/groups.ts';
import { fetchAnswer, fetchBytes } from './os/http.ts';
import { type EngineLog, openLog } from './os/log.ts';
import { resolveName } from './os/name.ts';
import { ownAddresses, ownNetworks } from './os/netmon/addresses.ts';
import { fileProfiles } from './os/profiles/store.ts';
import { fileRehearsals } from './os/rehearsals/store.ts';
import { fileCache } from './os/revocation/cache.ts';
import { systemScheduler } from './os/scheduler.ts';
import {
  coolDatapath,
  selectCrypto,
  selectDatapath,
  selectFacts,
  selectHost,
  selectNetworkMonitor,
  selectPeerCredentials,
  selectSecrets,
  selectTun,
  selectUdp,
  warmDatapath,
} from './os/select.ts';
import { formatIdentity, sameIdentity } from './pki/identity.ts';
import { profileRules } from './profile-rules.ts';
import { protectedProfiles } from './protected-profiles.ts';
import { startServer } from './rpc/server.ts';
import { lockState } from './state-lock.ts';
import { ENCAPSULATED_PORT } from './tunnel/candidates.ts';
import { Engine } from './tunnel/engine.ts';
import type { OpenDatapath, World } from './tunnel/ports.ts';

/** Our own port where it is free: some firewalls let only 4500 to 4500 pass. */
async function openDatapath(
  world: Pick<World, 'ike' | 'scheduler'>,
  offload: OffloadLevel,
  request: { name: string; mtu: number },
): Promise<OpenDatapath> {
  const tun = await selectTun().open({ ...request, offload });
  const path = { tun, offload, crypto: world.ike.crypto, clock: world.scheduler.now };
  try {
    const datapath = await selectDatapath({ ...path, port: ENCAPSULATED_PORT }).catch((error: unknown) => {
      if (error instanceof OsError && error.code === 'udp-unavailable')
        return selectDatapath({ ...path, port: 0 });
      throw error;
    });
    return { datapath, interface: tun.name };
  } catch (error) {
    tun.close();
    throw error;
  }
}

function systemWorld({ log }: EngineLog, offload: OffloadLevel): World {
  const scheduler = systemScheduler();
  const udp = selectUdp();
  const ike = {
    crypto: selectCrypto(),
    random: (length: number) => new Uint8Array(randomBytes(length)),
    sameIdentity,
  };
  return {
    scheduler,
    log,
    ike,
    resolve: resolveName,
    localAddressFor: udp.localAddressFor,
    pathMtu: udp.pathMtu,
    localAddresses: async (except) => ownAddresses(except),
    localNetworks: async (except) => ownNetworks(except),
    openIkeSocket: (family) => udp.open({ port: 0, address: family === 4 ? '0.0.0.0' : '::' }),
    openDatapath: (request) => openDatapath({ scheduler, ike }, offload, request),
  };
}

/** @throws ApiError when the socket is taken or the state folder cannot be used; OsError of the host */
export async function startEngine(options: EngineOptions): Promise<RunningEngine> {
  const { socket, state: stateDir, group, version } = options;
  const gid = group === undefined ? undefined : groupId(group);
  if (group !== undefined && gid === undefined)
    throw new ApiError(localFailure('USAGE', `there is no group ${group} on this machine`));
  const lock = await lockState(stateDir);
  const engineLog = openLog({ level: options.logLevel, file: options.logFile });
  const { log, ring } = engineLog;
  const host = await selectHost({ stateDir, log });
  const recovered = (await host.recover()).map((change) => change.description);
  for (const change of recovered) log.info('undone after a crash', { change });
  const ownUid = process.getuid?.() ?? 0;
  const world = systemWorld(engineLog, options.offload ?? 'uso');
  const online = { fetchBytes, cache: fileCache(stateDir) };
  const secrets = selectSecrets(stateDir, (reason) => log.warn('the key of the secrets store', { reason }));
  const profiles = protectedProfiles(fileProfiles(stateDir), secrets);
  for (const text of await profiles.settle()) log.warn(text);
  const engine = new Engine({
    world,
    host,
    createSession,
    identityText: formatIdentity,
    profiles,
    rehearsals: fileRehearsals(stateDir, (text) => log.warn(text)),
    rules: profileRules(
      () => Date.now(),
      (text) => log.warn(text),
      online,
    ),
    importer: createImporter(),
    doctor: createDoctor({ world, createSession, fetchAnswer, online }),
    diagnose: createDiagnose(selectFacts(stateDir)),
    logSource: { tail: (lines, after) => ring.tail(lines, after), onLine: (line) => ring.onLine(line) },
    about: {
      version,
      pid: process.pid,
      privileged: ownUid === 0,
      socket,
      stateFolder: stateDir,
      recovered,
      get secrets() {
        return secrets.protection;
      },
    },
  });
  await engine.load();
  if (secrets.protection !== undefined) log.info(secrets.protection);
  const credentials = selectPeerCredentials();
  const server = await startServer({
    engine,
    log,
    path: socket,
    ownUid,
    ...(gid === undefined ? {} : { groupId: gid }),
    ...(credentials ? { credentials } : {}),
  });
  warmDatapath();
  log.info('the engine is ready', { socket, version });
  const monitor = selectNetworkMonitor(log)((event) => {
    if (event.kind === 'wake') engine.woke(event.asleepMs);
    // The way to the gateways first, by which the engine judges the new network.
    else void host.networkChanged().then(() => engine.networkChanged());
  });
  const stop = async (): Promise<void> => {
    coolDatapath();
    monitor.close();
    await engine.stop();
    await server.close();
    await host.close();
    lock.close();
    log.info('the engine has stopped');
    engineLog.flush();
  };
  return { stop };
}

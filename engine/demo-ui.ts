/**
 * The demo in a window: the engine and the embedded gateway of the demo behind a real socket, and the renderer in a
 * browser. Unprivileged; nothing on this machine is changed, and everything is forgotten at the end.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProfileDocumentJson } from './api/commands.ts';
import { ApiError, localFailure } from './api/failure.ts';
import { answerAt, startChatter } from './demo/chatter.ts';
import { INSIDE, profileFor, type Scene, type SceneOptions, setTheScene } from './demo/scene.ts';
import { startWebServer, type WebServer } from './demo/web-server.ts';
import { openLog } from './os/log.ts';
import { fileProfiles } from './os/profiles/store.ts';
import { selectPeerCredentials } from './os/select.ts';
import type { MemoryTun } from './os/tun/tun.fake.ts';
import { startServer } from './rpc/server.ts';

export interface DemoEngineOptions extends Pick<SceneOptions, 'identity'> {
  readonly version: string;
  /** Whether pings go through the tunnel by themselves. */
  readonly chatter?: boolean;
}

export interface DemoEngine {
  readonly scene: Scene;
  readonly socket: string;
  close(): Promise<void>;
}

/** The demo's engine behind a socket in a temporary folder, with the profiles that the window begins with. */
export async function startDemoEngine(options: DemoEngineOptions): Promise<DemoEngine> {
  const { version, identity, chatter = true } = options;
  const folder = mkdtempSync(join(tmpdir(), 'culvert-demo-'));
  const socket = join(folder, 'engine.sock');
  const { log, ring } = openLog({ level: 'debug', file: join(folder, 'engine.log') });
  const tuns = new Map<string, MemoryTun>();
  const scene = await setTheScene({
    log,
    logSource: { tail: (lines, after) => ring.tail(lines, after), onLine: (line) => ring.onLine(line) },
    profiles: fileProfiles(folder),
    about: { version, socket, stateFolder: folder },
    opened: (tun) => void tuns.set(tun.name, tun),
    ...(identity ? { identity } : {}),
  });
  answerAt(scene.gatewayTun);
  const traffic = chatter
    ? startChatter(() => {
        const tunnel = scene.engine.snapshot().tunnels.find((t) => t.usable);
        const tun = tuns.get(tunnel?.datapath?.interface ?? '');
        const source = tunnel?.addresses[0]?.split('/')[0];
        return tun && source !== undefined ? { tun, source, destination: INSIDE } : undefined;
      })
    : undefined;
  const credentials = selectPeerCredentials();
  const ownUid = process.getuid?.() ?? 0;
  const server = await startServer({
    engine: scene.engine,
    log,
    path: socket,
    ownUid,
    ...(credentials ? { credentials } : {}),
  });
  log.info('the engine is ready', { socket, version });
  const close = async (): Promise<void> => {
    traffic?.stop();
    await server.close();
    await scene.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { scene, socket, close };
}

/** Profiles to try things with: one that connects, and three that fail in ways of their own. */
export function demoProfiles(scene: Scene): readonly ProfileDocumentJson[] {
  const works = profileFor(scene, 'office');
  const gateway = works.gateway as Record<string, unknown>;
  return [
    {
      ...works,
      ike: { lifetime: '10m', margin: '2m', fuzz: 0.2 },
      esp: { lifetime: '3m', margin: '45s', fuzz: 0.2 },
      dpd: { delay: '10s' },
    },
    {
      ...works,
      name: 'wrong-secret',
      local: { id: 'roamer@demo', auth: { psk: 'not the secret that the gateway knows' } },
    },
    { ...works, name: 'no-common-algorithm', ike: { proposals: 'aes256-sha512-modp8192!' } },
    {
      ...works,
      name: 'no-answer',
      gateway: { ...gateway, port: 9 },
      retransmission: { timeout: '1s', tries: 2, base: 1.3 },
      patience: '6s',
    },
  ];
}

/** Beside the bundle, or in `dist/` of a checkout. */
export function builtRenderer(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const found = [join(here, 'renderer'), join(here, '..', 'dist', 'renderer')].find((folder) =>
    existsSync(join(folder, 'index.html')),
  );
  if (found !== undefined && existsSync(join(found, 'browser-bridge.js'))) return found;
  throw new ApiError(
    localFailure('NOT_FOUND', 'the window is not built here', ['build it with: npm run build']),
  );
}

/** Runs until it is interrupted; resolves with the exit code. */
export async function runDemoUi(options: { readonly version: string }): Promise<number> {
  const renderer = builtRenderer();
  const engine = await startDemoEngine(options);
  let web: WebServer | undefined;
  try {
    for (const profile of demoProfiles(engine.scene)) await engine.scene.engine.addProfile({ profile });
    web = await startWebServer({ renderer, socket: engine.socket, version: options.version });
    process.stdout.write(
      `Open this address; it works once:\n\n  ${web.entrance()}\n\nCtrl+C ends the demo.\n`,
    );
    await new Promise<void>((resolve) => {
      process.once('SIGINT', () => resolve());
      process.once('SIGTERM', () => resolve());
    });
    return 0;
  } finally {
    await web?.close();
    await engine.close();
  }
}

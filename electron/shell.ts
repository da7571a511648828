/** Composes the shell: one instance, one window, a tray, notifications, and the link to the engine. */
import { join } from 'node:path';
import { CHANNELS } from './bridge/channels.ts';
import type { BridgeEvents, Outcome, Screen, Settings } from './bridge/contract.ts';
import { bringUp } from './engine/bring-up.ts';
import { checkEngineOwner } from './engine/check-owner.ts';
import { EngineLink } from './engine/link.ts';
import { engineLocation } from './engine/location.ts';
import { type Service, systemService } from './engine/service.ts';
import { readFiles } from './files/read.ts';
import type { HostPort } from './host.ts';
import { byChannel, createAnswers } from './ipc/answers.ts';
import { serve } from './ipc/serve.ts';
import { readArguments } from './links/arguments.ts';
import { LINK_SCHEME, parseDeepLink } from './links/deep-link.ts';
import { createNotifier } from './notify/notifier.ts';
import { type Memory, NO_MEMORY, notesFor } from './notify/policy.ts';
import type { Platform } from './platform.ts';
import { setLoginItem } from './settings/login-item.ts';
import { openSettings } from './settings/store.ts';
import { languageOf, type Texts, textsOf } from './text/texts.ts';
import { trayIsAvailable } from './tray/available.ts';
import { type MenuAction, trayMenu } from './tray/menu.ts';
import { trayColour, trayLine } from './tray/state.ts';
import { createTray } from './tray/tray.ts';
import { setAppMenu } from './window/app-menu.ts';
import { createAppWindow } from './window/app-window.ts';
import { lockContents, lockSession, PARTITION, registerScheme } from './window/lockdown.ts';

export interface ShellOptions {
  readonly host: HostPort;
  readonly platform: Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly argv: readonly string[];
  readonly execPath: string;
  readonly workingDirectory: string;
  readonly uid: number | undefined;
  readonly folders: {
    readonly preload: string;
    readonly renderer: string;
    readonly icons: string;
  };
  /** Whether a tray would be seen; asked of the system when left out. */
  readonly trayAvailable?: () => Promise<boolean>;
  /** The system's when left out. */
  readonly service?: Service;
}

type PageEvent = readonly [keyof BridgeEvents, unknown];

/** Events that wait for a window to be loaded. */
const MAX_WAITING = 32;

/** Returns once the shell runs, or at once when another instance does. */
export async function startShell(options: ShellOptions): Promise<void> {
  const { host, platform, env, execPath, folders } = options;
  const { app } = host;
  app.enableSandbox();
  // Costs memory and brings crashes for a window of text and lines.
  if (platform === 'linux') app.disableHardwareAcceleration();
  if (platform === 'win32') app.setAppUserModelId('org.culvert.app');
  if (!app.requestSingleInstanceLock()) {
    app.quit();
    return;
  }
  registerScheme(host);
  const skip = app.isPackaged ? 1 : 2;

  const settings = openSettings(join(app.getPath('userData'), 'settings.json'));
  const language = () => languageOf(settings.get().language, app.getPreferredSystemLanguages());
  const texts = (): Texts => textsOf(language());

  let attached = false;
  let waiting: PageEvent[] = [];
  let hasTray = false;
  let memory: Memory = NO_MEMORY;
  let starting: Promise<Outcome<boolean>> | undefined;

  const location = engineLocation({ platform, env, uid: options.uid, isPackaged: app.isPackaged });
  const service = options.service ?? systemService(platform, env);
  const link = new EngineLink({
    socket: location.socket,
    checkOwner: () => checkEngineOwner(platform, location),
    standing: service.standing,
    onState: (state) => {
      tell('engine', state);
      redraw();
    },
    onSnapshot: (snapshot) => {
      tell('snapshot', snapshot);
      redraw();
      const level = settings.get().notifications;
      const situation = { level, texts: texts(), language: language(), watched: window.isWatched() };
      const { notes, memory: remembered } = notesFor(memory, snapshot, situation);
      memory = remembered;
      for (const note of notes) notifier.show(note);
    },
    onLog: (log) => tell('log', log),
  });

  const window = createAppWindow({
    host,
    preload: folders.preload,
    devTools: !app.isPackaged,
    closed: () => {
      attached = false;
      void link.followLog(false);
      // Without a tray nothing would be left to reach the shell by. The engine keeps its tunnels.
      if (!hasTray && platform !== 'darwin') app.quit();
    },
  });
  const notifier = createNotifier(host, ({ screen, tunnel }) => show(screen, tunnel));
  const tray = createTray({ host, platform, iconFolder: folders.icons, act });

  /** Only what a page could not learn later is kept for one that is not there yet. */
  function tell<K extends keyof BridgeEvents>(name: K, value: BridgeEvents[K]): void {
    if (attached) window.send(CHANNELS.event, name, value);
    else if (name === 'opened' || name === 'navigate')
      waiting = [...waiting, [name, value] as const].slice(-MAX_WAITING);
  }

  function show(screen?: Screen, tunnel?: string): void {
    if (screen) tell('navigate', { screen, tunnel });
    window.show();
  }

  function redraw(): void {
    if (!hasTray) return;
    const { state, snapshot } = link;
    tray.show({
      colour: trayColour(state, snapshot),
      line: trayLine(state, snapshot, texts()),
      menu: trayMenu(state, snapshot, texts()),
    });
  }

  function act(action: MenuAction): void {
    switch (action.do) {
      case 'connect':
        // What goes wrong is in the snapshot, where the tray and the window find it.
        void link.call('tunnel.up', { profile: action.profile });
        return;
      case 'disconnect':
        void link.call('tunnel.down', { name: action.tunnel });
        return;
      case 'open':
        show(action.screen, action.tunnel);
        return;
      case 'start-engine':
        void startEngine().then((outcome) => {
          if (!outcome.ok && outcome.failure.code !== 'CANCELLED')
            notifier.show({ title: texts().notStarted, body: outcome.failure.message, screen: 'home' });
        });
        return;
      case 'quit':
        app.quit();
    }
  }

  /** Whoever asks meanwhile hears the same: the user is asked for the right once. */
  function startEngine(): Promise<Outcome<boolean>> {
    starting ??= bringUp(service, link).finally(() => {
      starting = undefined;
    });
    return starting;
  }

  async function openFiles(paths: readonly string[]): Promise<void> {
    const read = await readFiles(paths);
    if (!read.ok) {
      notifier.show({ title: texts().cannotOpen, body: read.failure.message, screen: 'import' });
      return;
    }
    tell('opened', read.value);
    show('import');
  }

  function openLink(text: string): void {
    const link = parseDeepLink(text);
    if (link.ok) show(link.screen, link.tunnel);
    else window.show();
  }

  /** What a start, or a second one, asks for. */
  function open(argv: readonly string[], workingDirectory: string): void {
    const { links, files, hidden, quit } = readArguments(argv, skip, workingDirectory);
    if (quit) {
      app.quit();
      return;
    }
    for (const text of links) openLink(text);
    if (files.length > 0) void openFiles(files);
    if (links.length + files.length === 0 && !hidden) window.show();
  }

  function changeSettings(change: Partial<Settings>): Settings {
    if (change.startAtLogin !== undefined && change.startAtLogin !== settings.get().startAtLogin)
      setLoginItem(change.startAtLogin, { app, platform, env, execPath });
    const next = settings.change(change);
    host.nativeTheme.themeSource = next.appearance;
    tell('settings', next);
    redraw();
    return next;
  }

  function attach(): readonly PageEvent[] {
    attached = true;
    const early = waiting;
    waiting = [];
    const { state, snapshot } = link;
    const lasting: PageEvent[] = [
      ['settings', settings.get()],
      ['engine', state],
    ];
    if (snapshot) lasting.push(['snapshot', snapshot]);
    return [...lasting, ...early];
  }

  app.on('second-instance', (_event, argv, workingDirectory) => open(argv, workingDirectory));
  app.on('open-url', (event, url) => {
    event.preventDefault();
    void app.whenReady().then(() => openLink(url));
  });
  app.on('open-file', (event, path) => {
    event.preventDefault();
    void app.whenReady().then(() => openFiles([path]));
  });
  app.on('web-contents-created', (_event, contents) => lockContents(contents));
  // A listener keeps Electron from quitting by itself when the window goes.
  app.on('window-all-closed', () => undefined);
  app.on('activate', () => window.show());
  app.on('before-quit', () => {
    hasTray = false;
    link.stop();
    tray.close();
  });

  await app.whenReady();
  setAppMenu(host, platform);
  host.nativeTheme.themeSource = settings.get().appearance;
  // In a checkout the program is Electron itself, which needs to be told which app.
  if (app.isPackaged) app.setAsDefaultProtocolClient(LINK_SCHEME);
  lockSession(host.session.fromPartition(PARTITION, { cache: false }), folders.renderer);
  const about = {
    version: app.getVersion(),
    platform,
    locale: app.getPreferredSystemLanguages()[0] ?? 'en',
    hasShell: true,
  };
  serve(
    byChannel(
      createAnswers({ host, link, window, about, texts, changeSettings, startEngine, attach }),
      CHANNELS,
    ),
    { host, currentContents: () => window.current?.webContents.id },
  );
  hasTray = await (options.trayAvailable ?? (() => trayIsAvailable(platform)))();
  redraw();
  link.look();
  open(options.argv, options.workingDirectory);
}

/**
 * Electron as far as the shell uses it (`electron/host.ts`, taken from Electron's own declarations), without Electron:
 * what the shell asks of it is kept to be looked at, what users and systems do to it can be done. With a browser its
 * windows are real pages in Chromium, with the real preload script; without one they only pretend to load.
 */
import type { MenuItemConstructorOptions, NotificationConstructorOptions } from 'electron';
import type { Browser } from 'playwright-core';
import type {
  AppPort,
  CallerPort,
  HostPort,
  MenuPort,
  NotificationPort,
  TrayPort,
} from '../../../electron/host.ts';
import { Emitter } from './emitter.ts';
import { SessionDouble } from './session-double.ts';
import { WindowDouble, type WindowWorld } from './window-double.ts';

type IpcHandler = (event: CallerPort, ...args: unknown[]) => unknown;

class AppDouble extends Emitter implements AppPort {
  readonly isPackaged: boolean = false;
  readonly loginItems: unknown[] = [];
  readonly protocols: string[] = [];
  readonly #folder: string;
  readonly #first: boolean;
  quits = 0;
  sandboxed = false;
  gpu = true;
  languages: string[] = ['en-GB'];

  constructor(folder: string, first: boolean) {
    super();
    this.#folder = folder;
    this.#first = first;
  }

  requestSingleInstanceLock(): boolean {
    return this.#first;
  }
  whenReady(): Promise<void> {
    return Promise.resolve();
  }
  quit(): void {
    this.quits += 1;
    this.emit('before-quit');
  }
  getVersion(): string {
    return '0.1.0';
  }
  getPath(): string {
    return this.#folder;
  }
  getPreferredSystemLanguages(): string[] {
    return this.languages;
  }
  enableSandbox(): void {
    this.sandboxed = true;
  }
  disableHardwareAcceleration(): void {
    this.gpu = false;
  }
  setAppUserModelId(): void {}
  setAsDefaultProtocolClient(protocol: string): boolean {
    this.protocols.push(protocol);
    return true;
  }
  setLoginItemSettings(settings: unknown): void {
    this.loginItems.push(settings);
  }
}

export class MenuDouble implements MenuPort {
  readonly items: readonly MenuItemConstructorOptions[];

  constructor(items: readonly MenuItemConstructorOptions[]) {
    this.items = items;
  }

  labels(): string[] {
    return this.items.map((item) => item.label ?? '-');
  }

  click(label: string): void {
    const found = this.items.find((item) => item.label === label);
    if (!found?.click) throw new Error(`no entry ${label} among ${this.labels().join(' | ')}`);
    (found.click as () => void)();
  }
}

export class TrayDouble extends Emitter implements TrayPort {
  image: string;
  toolTip = '';
  menu: MenuDouble | undefined;
  menusSet = 0;
  destroyed = false;

  constructor(image: string) {
    super();
    this.image = image;
  }

  setImage(image: unknown): void {
    this.image = String(image);
  }
  setToolTip(text: string): void {
    this.toolTip = text;
  }
  setContextMenu(menu: MenuPort | null): void {
    this.menu = menu instanceof MenuDouble ? menu : undefined;
    this.menusSet += 1;
  }
  destroy(): void {
    this.destroyed = true;
  }
}

export class NotificationDouble extends Emitter implements NotificationPort {
  readonly options: NotificationConstructorOptions;
  shown = false;

  constructor(options: NotificationConstructorOptions) {
    super();
    this.options = options;
  }

  show(): void {
    this.shown = true;
  }
}

export interface DoubleOptions {
  readonly userData: string;
  /** False: another instance holds the lock. */
  readonly first?: boolean;
  readonly browser?: Browser | undefined;
}

export interface ElectronDouble {
  readonly host: HostPort;
  readonly app: AppDouble;
  readonly windows: WindowDouble[];
  readonly trays: TrayDouble[];
  readonly notifications: NotificationDouble[];
  readonly sessions: Map<string, SessionDouble>;
  readonly schemes: unknown[];
  readonly clipboard: string[];
  readonly theme: { themeSource: 'system' | 'light' | 'dark' };
  /** What the user chooses in the next dialogs. */
  readonly chosen: { open: string[] | undefined; save: string | undefined };
  /** As a page of the given caller would. */
  invoke(caller: CallerPort, channel: string, ...args: unknown[]): Promise<unknown>;
  readonly channels: readonly string[];
  close(): Promise<void>;
}

export function createElectronDouble(options: DoubleOptions): ElectronDouble {
  const app = new AppDouble(options.userData, options.first ?? true);
  const windows: WindowDouble[] = [];
  const trays: TrayDouble[] = [];
  const notifications: NotificationDouble[] = [];
  const sessions = new Map<string, SessionDouble>();
  const handlers = new Map<string, IpcHandler>();
  const schemes: unknown[] = [];
  const clipboard: string[] = [];
  const theme: ElectronDouble['theme'] = { themeSource: 'system' };
  const chosen: ElectronDouble['chosen'] = { open: undefined, save: undefined };

  async function invoke(caller: CallerPort, channel: string, ...args: unknown[]): Promise<unknown> {
    const handler = handlers.get(channel);
    if (!handler) throw new Error(`No handler registered for '${channel}'`);
    return handler(caller, ...args);
  }

  const world: WindowWorld = {
    browser: options.browser,
    invoke,
    session: (partition) => {
      const session = sessions.get(partition);
      if (!session) throw new Error(`nobody has prepared the session ${partition}`);
      return session;
    },
    created: (contents) => void app.emit('web-contents-created', contents),
  };

  const host: HostPort = {
    app,
    ipcMain: {
      handle(channel, listener) {
        if (handlers.has(channel)) throw new Error(`a second handler for '${channel}'`);
        handlers.set(channel, listener);
      },
    },
    protocol: { registerSchemesAsPrivileged: (all) => void schemes.push(...all) },
    session: {
      fromPartition(partition, { cache }) {
        const session = sessions.get(partition) ?? new SessionDouble(partition, cache);
        sessions.set(partition, session);
        return session;
      },
    },
    dialog: {
      showOpenDialog: async () => ({ canceled: chosen.open === undefined, filePaths: chosen.open ?? [] }),
      showSaveDialog: async () => ({ canceled: chosen.save === undefined, filePath: chosen.save ?? '' }),
    },
    clipboard: {
      writeText: async (text) => {
        clipboard.push(text);
      },
    },
    nativeTheme: theme,
    Menu: {
      buildFromTemplate: (template) => new MenuDouble(template),
      setApplicationMenu: () => undefined,
    },
    BrowserWindow: class extends WindowDouble {
      constructor(windowOptions: ConstructorParameters<HostPort['BrowserWindow']>[0]) {
        super(windowOptions, world);
        windows.push(this);
      }
    },
    Tray: class extends TrayDouble {
      constructor(image: string) {
        super(image);
        trays.push(this);
      }
    },
    Notification: class extends NotificationDouble {
      static isSupported(): boolean {
        return true;
      }
      constructor(notificationOptions: NotificationConstructorOptions) {
        super(notificationOptions);
        notifications.push(this);
      }
    },
  };

  return {
    host,
    app,
    windows,
    trays,
    notifications,
    sessions,
    schemes,
    clipboard,
    theme,
    chosen,
    invoke,
    get channels() {
      return [...handlers.keys()];
    },
    async close() {
      app.emit('before-quit');
      await Promise.all(windows.map((window) => window.settle()));
    },
  };
}

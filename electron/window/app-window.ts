/** The one window: made when it is asked for, destroyed when it is closed, so that no renderer idles in memory. */
import type { HostPort, WindowPort } from '../host.ts';
import { PARTITION } from './lockdown.ts';
import { APP_PAGE } from './resources.ts';

export interface AppWindow {
  /** Makes it, or brings it to the front. */
  show(): void;
  readonly current: WindowPort | undefined;
  /** It is there and has the keyboard: the user sees it. */
  isWatched(): boolean;
  /** To the page, if there is one. */
  send(channel: string, ...values: readonly unknown[]): void;
  close(): void;
}

export interface AppWindowOptions {
  readonly host: Pick<HostPort, 'BrowserWindow'>;
  readonly preload: string;
  readonly devTools: boolean;
  readonly closed: () => void;
}

export function createAppWindow({ host, preload, devTools, closed }: AppWindowOptions): AppWindow {
  let current: WindowPort | undefined;

  function open(): WindowPort {
    const window = new host.BrowserWindow({
      title: 'Culvert',
      width: 960,
      height: 700,
      minWidth: 340,
      minHeight: 480,
      show: false,
      autoHideMenuBar: true,
      webPreferences: {
        preload,
        partition: PARTITION,
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        nodeIntegrationInWorker: false,
        nodeIntegrationInSubFrames: false,
        webSecurity: true,
        allowRunningInsecureContent: false,
        webviewTag: false,
        plugins: false,
        spellcheck: false,
        navigateOnDragDrop: false,
        disableDialogs: true,
        v8CacheOptions: 'none',
        devTools,
      },
    });
    window.removeMenu();
    window.once('ready-to-show', () => {
      if (!window.isDestroyed()) window.show();
    });
    window.on('closed', () => {
      if (current === window) current = undefined;
      closed();
    });
    // A page that has crashed shows nothing: the next request for the window makes a new one.
    window.webContents.on('render-process-gone', () => {
      if (!window.isDestroyed()) window.destroy();
    });
    // Rejects when the window is closed while it loads.
    window.loadURL(APP_PAGE).catch(() => undefined);
    return window;
  }

  return {
    show() {
      if (!current || current.isDestroyed()) {
        current = open();
        return;
      }
      if (current.isMinimized()) current.restore();
      current.show();
      current.focus();
    },
    get current() {
      return current;
    },
    isWatched: () => current !== undefined && !current.isDestroyed() && current.isFocused(),
    send(channel, ...values) {
      if (current && !current.isDestroyed() && !current.webContents.isDestroyed())
        current.webContents.send(channel, ...values);
    },
    close() {
      if (current && !current.isDestroyed()) current.destroy();
    },
  };
}

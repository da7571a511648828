/**
 * The part of Electron that the shell uses, and nothing else of it. `main.ts` hands in the real one, tests hand in a
 * double; both must fit these types, which are taken from Electron's own declarations, so a changed signature fails
 * the type check on either side.
 */
import type {
  App,
  BaseWindow,
  BrowserWindow,
  BrowserWindowConstructorOptions,
  Clipboard,
  Event,
  MenuItemConstructorOptions,
  NativeTheme,
  NotificationConstructorOptions,
  OpenDialogOptions,
  OpenDialogReturnValue,
  Protocol,
  SaveDialogOptions,
  SaveDialogReturnValue,
  Session,
  Tray,
  WebContents,
  WindowOpenHandlerResponse,
} from 'electron';

type Cancellable = Pick<Event, 'preventDefault'>;

export interface AppPort
  extends Pick<
    App,
    | 'requestSingleInstanceLock'
    | 'whenReady'
    | 'quit'
    | 'getVersion'
    | 'getPath'
    | 'getPreferredSystemLanguages'
    | 'isPackaged'
    | 'enableSandbox'
    | 'disableHardwareAcceleration'
    | 'setAppUserModelId'
    | 'setAsDefaultProtocolClient'
    | 'setLoginItemSettings'
  > {
  on(
    event: 'second-instance',
    listener: (event: Cancellable, argv: string[], workingDirectory: string) => void,
  ): unknown;
  on(event: 'open-url', listener: (event: Cancellable, url: string) => void): unknown;
  on(event: 'open-file', listener: (event: Cancellable, path: string) => void): unknown;
  on(event: 'activate', listener: () => void): unknown;
  on(event: 'before-quit', listener: () => void): unknown;
  on(event: 'window-all-closed', listener: () => void): unknown;
  on(event: 'web-contents-created', listener: (event: Cancellable, contents: ContentsPort) => void): unknown;
}

export interface ContentsPort extends Pick<WebContents, 'id' | 'send' | 'isDestroyed'> {
  setWindowOpenHandler(handler: (details: { url: string }) => WindowOpenHandlerResponse): void;
  on(event: 'will-navigate', listener: (event: Cancellable) => void): unknown;
  on(event: 'will-frame-navigate', listener: (event: Cancellable) => void): unknown;
  on(event: 'will-redirect', listener: (event: Cancellable) => void): unknown;
  on(event: 'will-attach-webview', listener: (event: Cancellable) => void): unknown;
  on(event: 'render-process-gone', listener: () => void): unknown;
}

export interface ParentPort extends Pick<BaseWindow, 'isDestroyed'> {}

export interface WindowPort
  extends ParentPort,
    Pick<
      BrowserWindow,
      'loadURL' | 'show' | 'focus' | 'isFocused' | 'isMinimized' | 'restore' | 'destroy' | 'removeMenu'
    > {
  readonly webContents: ContentsPort;
  on(event: 'close', listener: (event: Cancellable) => void): unknown;
  on(event: 'closed', listener: () => void): unknown;
  once(event: 'ready-to-show', listener: () => void): unknown;
}

export interface SessionPort extends Pick<Session, 'setSpellCheckerEnabled'> {
  readonly protocol: Pick<Protocol, 'handle'>;
  readonly webRequest: {
    onBeforeRequest(
      listener: (details: { readonly url: string }, respond: (response: { cancel: boolean }) => void) => void,
    ): void;
  };
  setPermissionRequestHandler(
    handler: (contents: unknown, permission: string, answer: (granted: boolean) => void) => void,
  ): void;
  setPermissionCheckHandler(handler: () => boolean): void;
  setDevicePermissionHandler(handler: () => boolean): void;
  on(event: 'will-download', listener: (event: Cancellable) => void): unknown;
}

/** Who calls over IPC. */
export interface CallerPort {
  readonly sender: { readonly id: number };
  readonly senderFrame: { readonly url: string; readonly parent: unknown } | null;
}

export interface MenuPort {
  readonly items: readonly unknown[];
}

export interface TrayPort extends Pick<Tray, 'setImage' | 'setToolTip' | 'destroy'> {
  setContextMenu(menu: MenuPort | null): void;
  on(event: 'click', listener: () => void): unknown;
}

export interface NotificationPort {
  show(): void;
  on(event: 'click', listener: () => void): unknown;
}

export interface HostPort {
  readonly app: AppPort;
  readonly ipcMain: {
    handle(channel: string, listener: (event: CallerPort, ...args: unknown[]) => unknown): void;
  };
  readonly protocol: Pick<Protocol, 'registerSchemesAsPrivileged'>;
  readonly session: { fromPartition(partition: string, options: { cache: boolean }): SessionPort };
  readonly dialog: {
    showOpenDialog(parent: ParentPort, options: OpenDialogOptions): Promise<OpenDialogReturnValue>;
    showSaveDialog(parent: ParentPort, options: SaveDialogOptions): Promise<SaveDialogReturnValue>;
  };
  readonly clipboard: Pick<Clipboard, 'writeText'>;
  readonly nativeTheme: Pick<NativeTheme, 'themeSource'>;
  readonly Menu: {
    buildFromTemplate(template: MenuItemConstructorOptions[]): MenuPort;
    setApplicationMenu(menu: MenuPort | null): void;
  };
  readonly BrowserWindow: new (options: BrowserWindowConstructorOptions) => WindowPort;
  readonly Tray: new (image: string) => TrayPort;
  readonly Notification: {
    new (options: NotificationConstructorOptions): NotificationPort;
    isSupported(): boolean;
  };
}

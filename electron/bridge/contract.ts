/**
 * What the renderer may ask of the shell, and hear from it: the only way between them. The preload script exposes
 * it as `window.culvert`; the main process checks the sender and every argument before it acts.
 */
import type { Method, Params, ResultOf } from '../../engine/api/commands.ts';
import type { LogLine } from '../../engine/api/events.ts';
import type { Snapshot } from '../../engine/api/snapshot.ts';
import type { Failure } from '../../engine/base/failure.ts';

/** Methods a window may call: all but the subscriptions, which the shell keeps for it. */
export type CallableMethod = Exclude<
  Method,
  'snapshot.watch' | 'snapshot.unwatch' | 'log.follow' | 'log.unfollow'
>;

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure };

/** What the shell can do about a service that does not run, once the user has allowed it. */
export const OFFERS = ['none', 'install', 'enable', 'start'] as const;
export type Offer = (typeof OFFERS)[number];

/** The engine as the shell sees it. */
export type EngineState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'connected' }
  | { readonly kind: 'not-running'; readonly reason: string; readonly offer: Offer }
  /** The socket's owner is not who it must be, or the versions do not fit: nothing is sent. */
  | { readonly kind: 'refused'; readonly reason: string };

export const LANGUAGES = ['system', 'en', 'de', 'ar'] as const;
export const APPEARANCES = ['system', 'light', 'dark'] as const;
export const NOTIFICATION_LEVELS = ['none', 'problems', 'all'] as const;

export interface Settings {
  readonly language: (typeof LANGUAGES)[number];
  readonly appearance: (typeof APPEARANCES)[number];
  readonly notifications: (typeof NOTIFICATION_LEVELS)[number];
  readonly startAtLogin: boolean;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

export interface About {
  readonly version: string;
  readonly platform: 'linux' | 'win32' | 'darwin' | 'browser';
  /** BCP 47, of the system. */
  readonly locale: string;
  /** False in the browser demo, where there is neither a tray nor a login item. */
  readonly hasShell: boolean;
}

/** A file that the user dropped, chose, or opened Culvert with. */
export interface OpenedFile {
  readonly name: string;
  /** Base64. */
  readonly content: string;
}

/** What the shell tells a window without being asked. */
export interface BridgeEvents {
  readonly engine: EngineState;
  readonly snapshot: Snapshot;
  readonly log: { readonly lines: readonly LogLine[]; readonly missed: number };
  readonly settings: Settings;
  /** Files from a file association, a deep link or the tray, to be imported. */
  readonly opened: readonly OpenedFile[];
  /** Show this screen: from the tray or a notification. */
  readonly navigate: { readonly screen: Screen; readonly tunnel?: string | undefined };
}

export const SCREENS = [
  'home',
  'status',
  'import',
  'editor',
  'negotiation',
  'log',
  'diagnostics',
  'settings',
] as const;

export type Screen = (typeof SCREENS)[number];

export interface CulvertBridge {
  about(): Promise<About>;
  call<M extends CallableMethod>(method: M, params: Params<M>): Promise<Outcome<ResultOf<M>>>;
  /** Listeners hear the latest `engine`, `snapshot` and `settings` at once. Returns how to stop. */
  on<K extends keyof BridgeEvents>(event: K, listener: (value: BridgeEvents[K]) => void): () => void;
  /** Begins and ends `log` events; the first one carries the latest lines. */
  followLog(on: boolean): Promise<void>;
  setSettings(change: Partial<Settings>): Promise<Outcome<Settings>>;
  /** A native dialog; `undefined` when the user thought better of it. */
  chooseFiles(): Promise<Outcome<readonly OpenedFile[] | undefined>>;
  saveFile(file: OpenedFile): Promise<Outcome<boolean>>;
  copy(text: string): Promise<Outcome<boolean>>;
  /** Does what `offer` says, asking for the right to do so; resolves once the engine is connected, or with why not. */
  startEngine(): Promise<Outcome<boolean>>;
}

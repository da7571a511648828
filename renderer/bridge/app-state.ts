/** What the window knows: the engine's latest snapshot, the shell's settings, and which screen is shown. */
import type { About, EngineState, OpenedFile, Screen, Settings } from '../../electron/bridge/contract.ts';
import type { ProfileSummary, Snapshot, TunnelSnapshot } from '../../engine/api/snapshot.ts';
import { takeSamples } from '../model/samples.ts';
import { bridge } from './bridge.ts';
import { createStore, type Store, useStore } from './store.ts';

export interface AppState {
  readonly about: About | undefined;
  readonly engine: EngineState;
  readonly snapshot: Snapshot | undefined;
  readonly settings: Settings;
  readonly screen: Screen;
  /** The profile or tunnel that the screen is about. */
  readonly subject: string | undefined;
  /** How often another screen was entered. */
  readonly visits: number;
  /** Files that wait for the import screen. */
  readonly opened: readonly OpenedFile[];
}

const DEFAULTS: Settings = {
  language: 'system',
  appearance: 'system',
  notifications: 'problems',
  startAtLogin: false,
  logLevel: 'info',
};

export const appState: Store<AppState> = createStore<AppState>({
  about: undefined,
  engine: { kind: 'connecting' },
  snapshot: undefined,
  settings: DEFAULTS,
  screen: 'home',
  subject: undefined,
  visits: 0,
  opened: [],
});

export function useApp<P>(pick: (state: AppState) => P): P {
  return useStore(appState, pick);
}

export function navigate(screen: Screen, subject?: string): void {
  appState.set({ screen, subject, visits: appState.get().visits + 1 });
}

const NO_PROFILES: readonly ProfileSummary[] = [];
const NO_TUNNELS: readonly TunnelSnapshot[] = [];

export const useProfiles = (): readonly ProfileSummary[] =>
  useApp((s) => s.snapshot?.profiles ?? NO_PROFILES);

export const useTunnels = (): readonly TunnelSnapshot[] => useApp((s) => s.snapshot?.tunnels ?? NO_TUNNELS);

/** A history that says the same keeps its identity, so that what draws it need not draw it again each second. */
function withKnownHistories(next: Snapshot, before: Snapshot | undefined): Snapshot {
  if (!before) return next;
  const tunnels = next.tunnels.map((tunnel) => {
    const known = before.tunnels.find((t) => t.name === tunnel.name)?.history;
    const [last, lastKnown] = [tunnel.history.at(-1), known?.at(-1)];
    const same =
      known?.length === tunnel.history.length &&
      last?.time === lastKnown?.time &&
      last?.text === lastKnown?.text &&
      tunnel.history[0]?.time === known[0]?.time;
    return same ? { ...tunnel, history: known } : tunnel;
  });
  return { ...next, tunnels };
}

/** Subscribes to everything that the shell tells. Once, for the life of the window. */
export async function listen(): Promise<void> {
  bridge.on('engine', (engine) => appState.set({ engine }));
  bridge.on('snapshot', (snapshot) => {
    takeSamples(snapshot);
    appState.set({ snapshot: withKnownHistories(snapshot, appState.get().snapshot) });
  });
  bridge.on('settings', (settings) => appState.set({ settings }));
  bridge.on('opened', (files) => appState.set({ opened: files, screen: 'import', subject: undefined }));
  bridge.on('navigate', ({ screen, tunnel }) => navigate(screen, tunnel));
  appState.set({ about: await bridge.about() });
}

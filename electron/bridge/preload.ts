/**
 * Runs in the window before the page, in a world of its own, and gives the page `window.culvert`: functions that the
 * contract names, and nothing through which Electron or Node could be reached.
 */
import { contextBridge, ipcRenderer } from 'electron';
import { CHANNELS } from './channels.ts';
import type { About, BridgeEvents, CulvertBridge, Outcome } from './contract.ts';

type EventName = keyof BridgeEvents;
type Listener = (value: unknown) => void;

/** Of these a listener hears the latest at once; of the others it hears what came before anybody listened. */
const LASTING: readonly EventName[] = ['engine', 'snapshot', 'settings'];
const NAMES: readonly EventName[] = [...LASTING, 'log', 'opened', 'navigate'];
const MAX_WAITING = 32;

const listeners = new Map<EventName, Set<Listener>>(NAMES.map((name) => [name, new Set()]));
const latest = new Map<EventName, unknown>();
const waiting = new Map<EventName, unknown[]>();

const isName = (name: unknown): name is EventName => NAMES.some((known) => known === name);

function tell(name: EventName, value: unknown): void {
  const heard = listeners.get(name);
  if (LASTING.includes(name)) latest.set(name, value);
  else if (heard?.size === 0 && name !== 'log')
    waiting.set(name, [...(waiting.get(name) ?? []), value].slice(-MAX_WAITING));
  for (const listener of heard ?? []) listener(value);
}

ipcRenderer.on(CHANNELS.event, (_event, name: unknown, value: unknown) => {
  if (isName(name)) tell(name, value);
});

async function ask<T>(channel: string, ...args: readonly unknown[]): Promise<Outcome<T>> {
  try {
    return await ipcRenderer.invoke(channel, ...args);
  } catch (error) {
    // A value that cannot be sent between processes, or a shell that is going away.
    const message = error instanceof Error ? error.message : String(error);
    return {
      ok: false,
      failure: { code: 'INTERNAL_ERROR', phase: 'local', message, authenticated: false },
    };
  }
}

async function insist<T>(channel: string, ...args: readonly unknown[]): Promise<T> {
  const outcome = await ask<T>(channel, ...args);
  if (outcome.ok) return outcome.value;
  throw new Error(outcome.failure.message);
}

const bridge: CulvertBridge = {
  about: () => insist<About>(CHANNELS.about),
  call: (method, params) => ask(CHANNELS.call, method, params),
  on(name, listener) {
    const heard = listeners.get(name);
    if (!heard || typeof listener !== 'function') throw new TypeError('on: an event and a listener');
    const own: Listener = (value) => listener(value as never);
    heard.add(own);
    if (latest.has(name)) own(latest.get(name));
    for (const value of waiting.get(name) ?? []) own(value);
    waiting.delete(name);
    return () => void heard.delete(own);
  },
  followLog: (on) => insist(CHANNELS.followLog, on),
  setSettings: (change) => ask(CHANNELS.setSettings, change),
  chooseFiles: () => ask(CHANNELS.chooseFiles),
  saveFile: (file) => ask(CHANNELS.saveFile, file),
  copy: (text) => ask(CHANNELS.copy, text),
  startEngine: () => ask(CHANNELS.startEngine),
};

// What came as an event meanwhile is newer than what this answer holds.
void ask<readonly (readonly [unknown, unknown])[]>(CHANNELS.attach).then((events) => {
  if (!events.ok) return;
  for (const [name, value] of events.value) if (isName(name) && !latest.has(name)) tell(name, value);
});

contextBridge.exposeInMainWorld('culvert', bridge);

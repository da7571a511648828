/**
 * `window.culvert` in a plain browser, for the demo and the tests: the bridge's contract over requests and server-sent
 * events to the loopback server that served this page. A script of its own; the desktop app's preload takes its place.
 */
import type {
  About,
  BridgeEvents,
  CulvertBridge,
  OpenedFile,
  Outcome,
  Settings,
} from '../electron/bridge/contract.ts';
import type { Failure } from '../engine/base/failure.ts';

type Listener = (value: never) => void;

const KINDS = ['engine', 'snapshot', 'log', 'settings', 'opened', 'navigate'] as const;
/** A new listener hears the latest of these at once. */
const KEPT: readonly string[] = ['engine', 'snapshot', 'settings'];

const listeners = new Map<string, Set<Listener>>();
const latest = new Map<string, unknown>();
let client: (id: string) => void = () => undefined;
const clientId = new Promise<string>((resolve) => {
  client = resolve;
});

function hear(kind: string, value: unknown): void {
  if (KEPT.includes(kind)) latest.set(kind, value);
  for (const listener of listeners.get(kind) ?? []) listener(value as never);
}

const source = new EventSource('./bridge/events');
source.addEventListener('hello', (event) => client(JSON.parse(event.data) as string));
for (const kind of KINDS)
  source.addEventListener(kind, (event: MessageEvent<string>) => hear(kind, JSON.parse(event.data)));
source.addEventListener('error', () =>
  hear('engine', { kind: 'not-running', reason: 'the demo has ended', offer: 'none' }),
);

const failed = (message: string): { readonly ok: false; readonly failure: Failure } => ({
  ok: false,
  failure: { code: 'INTERNAL_ERROR', phase: 'local', message, authenticated: false },
});

async function ask<T>(request: Readonly<Record<string, unknown>>): Promise<Outcome<T>> {
  try {
    const response = await fetch('./bridge', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(request),
    });
    if (!response.ok) return failed(await response.text());
    return (await response.json()) as Outcome<T>;
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error));
  }
}

async function base64Of(file: File): Promise<string> {
  const octets = new Uint8Array(await file.arrayBuffer());
  let text = '';
  for (let at = 0; at < octets.length; at += 0x8000)
    text += String.fromCharCode(...octets.subarray(at, at + 0x8000));
  return btoa(text);
}

function chooseFiles(): Promise<Outcome<readonly OpenedFile[] | undefined>> {
  return new Promise((resolve) => {
    const input = document.createElement('input');
    input.type = 'file';
    input.multiple = true;
    input.hidden = true;
    const answer = async (): Promise<void> => {
      const files = [...(input.files ?? [])];
      input.remove();
      const value =
        files.length === 0
          ? undefined
          : await Promise.all(
              files.map(async (file) => ({ name: file.name, content: await base64Of(file) })),
            );
      resolve({ ok: true, value });
    };
    input.addEventListener('change', () => void answer());
    input.addEventListener('cancel', () => void answer());
    document.body.append(input);
    input.click();
  });
}

async function saveFile(file: OpenedFile): Promise<Outcome<boolean>> {
  const octets = Uint8Array.from(atob(file.content), (char) => char.charCodeAt(0));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([octets]));
  link.download = file.name;
  link.click();
  URL.revokeObjectURL(link.href);
  return { ok: true, value: true };
}

const culvert: CulvertBridge = {
  about: async () => {
    const outcome = await ask<About>({ op: 'about' });
    if (!outcome.ok) throw new Error(outcome.failure.message);
    return { ...outcome.value, locale: navigator.language };
  },
  call: (method, params) => ask({ op: 'call', method, params }),
  on: <K extends keyof BridgeEvents>(kind: K, listener: (value: BridgeEvents[K]) => void) => {
    const set = listeners.get(kind) ?? new Set();
    listeners.set(kind, set);
    set.add(listener as Listener);
    if (latest.has(kind)) listener(latest.get(kind) as BridgeEvents[K]);
    return () => void set.delete(listener as Listener);
  },
  followLog: async (on) => {
    await ask({ op: 'followLog', client: await clientId, on });
  },
  setSettings: (change) => ask<Settings>({ op: 'setSettings', change }),
  chooseFiles,
  saveFile,
  copy: async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return { ok: true, value: true };
    } catch (error) {
      return failed(error instanceof Error ? error.message : String(error));
    }
  },
  startEngine: () => ask<boolean>({ op: 'startEngine' }),
};

Object.defineProperty(window, 'culvert', { value: Object.freeze(culvert) });

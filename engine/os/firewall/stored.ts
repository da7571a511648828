/** The guards as they stand on disk, written before they are in force. Text in, guards or damage out. */
import type { GuardMap, GuardState, Protected } from './port.ts';

export const GUARD_FILE = 'kill-switch.json';

const VERSION = 1;
const MOST_GUARDS = 64;
const MOST_ITEMS = 1024;

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length <= MOST_ITEMS && value.every((item) => typeof item === 'string');

const isPorts = (value: unknown): value is readonly number[] =>
  Array.isArray(value) &&
  value.length <= 16 &&
  value.every((port) => Number.isInteger(port) && port > 0 && port < 65536);

const isProtected = (value: unknown): value is Protected => value === 'everything' || isTexts(value);

const isTunnel = (value: unknown): value is GuardState['tunnel'] =>
  value === null || (isObject(value) && typeof value.interface === 'string' && isTexts(value.dns));

function isGuard(value: unknown): value is GuardState {
  return (
    isObject(value) &&
    (value.mode === 'while-up' || value.mode === 'always') &&
    isProtected(value.protect) &&
    isTexts(value.gateways) &&
    isPorts(value.ports) &&
    typeof value.allowLocal === 'boolean' &&
    isTunnel(value.tunnel)
  );
}

export const storedText = (guards: GuardMap): string =>
  `${JSON.stringify({ version: VERSION, guards: Object.fromEntries(guards) })}\n`;

/** `undefined` for text that this version cannot vouch for. */
export function readStored(text: string): GuardMap | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value) || value.version !== VERSION || !isObject(value.guards)) return undefined;
  const entries = Object.entries(value.guards);
  if (entries.length > MOST_GUARDS) return undefined;
  const guards = new Map<string, GuardState>();
  for (const [name, guard] of entries) {
    if (!isGuard(guard)) return undefined;
    guards.set(name, guard);
  }
  return guards;
}

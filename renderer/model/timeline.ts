/** The last hour of a tunnel, from its event history: bands of states, marks for what happened, the story of its rekeys. */
import type { TunnelEvent } from '../../engine/api/events.ts';
import { TUNNEL_STATE_NAMES } from './states.ts';
import { TONES, type Tone } from './tone.ts';

export const HOUR_SECONDS = 3600;

export interface Band {
  /** Shares of the hour, 0 an hour ago and 1 now. */
  readonly from: number;
  readonly to: number;
  readonly state: string;
  readonly tone: Tone;
}

export type Lane = 'rekey' | 'liveness' | 'path' | 'trouble';

export interface Mark {
  readonly at: number;
  readonly lane: Lane;
  readonly tone: Tone;
  readonly event: TunnelEvent;
}

export interface Rekey {
  readonly time: string;
  readonly what: 'ike' | 'child' | 'reauth' | 'redirect';
  /** The gateway that took the place of the other. */
  readonly to: string | undefined;
  readonly child: string | undefined;
  readonly by: 'us' | 'peer';
  readonly cause: string | undefined;
  readonly durationMs: number | undefined;
}

const share = (now: number, iso: string): number => 1 - (now - Date.parse(iso)) / 1000 / HOUR_SECONDS;

const toneOf = (state: string): Tone => {
  const known = TUNNEL_STATE_NAMES.find((name) => name === state);
  return known ? TONES[known] : 'grey';
};

/** What state it was in, and when. Nothing is known of the time before the first event. */
export function bands(history: readonly TunnelEvent[], nowIso: string): readonly Band[] {
  const now = Date.parse(nowIso);
  const changes = history.flatMap((event) =>
    event.topic === 'state'
      ? [{ at: share(now, event.time), state: String(event.data?.state ?? event.text) }]
      : [],
  );
  return changes.flatMap(({ at, state }, n) => {
    const to = Math.min(1, changes[n + 1]?.at ?? 1);
    return to <= 0 ? [] : [{ from: Math.max(0, at), to, state, tone: toneOf(state) }];
  });
}

function laneOf(event: TunnelEvent): Lane | undefined {
  switch (event.topic) {
    case 'rekey':
      return event.data?.done === true ? 'rekey' : undefined;
    case 'reauth':
      if (event.data?.done !== true) return undefined;
      return event.data.code === undefined ? 'rekey' : 'trouble';
    case 'liveness':
      return 'liveness';
    case 'path':
    case 'redirect':
    case 'idle':
      return 'path';
    case 'drops':
      return 'trouble';
    case 'attempt':
      return event.data?.code === undefined ? undefined : 'trouble';
    default:
      return event.level === 'warn' || event.level === 'error' ? 'trouble' : undefined;
  }
}

function markTone(event: TunnelEvent, lane: Lane): Tone {
  if (lane === 'trouble') return event.level === 'error' || event.topic === 'attempt' ? 'red' : 'orange';
  if (lane === 'liveness') return event.data?.ok === false ? 'red' : 'green';
  return lane === 'rekey' ? 'green' : 'orange';
}

export function marks(history: readonly TunnelEvent[], nowIso: string): readonly Mark[] {
  const now = Date.parse(nowIso);
  return history.flatMap((event) => {
    const lane = laneOf(event);
    const at = share(now, event.time);
    return lane === undefined || at < 0
      ? []
      : [{ at: Math.min(1, at), lane, tone: markTone(event, lane), event }];
  });
}

function whatOf(topic: string, data: NonNullable<TunnelEvent['data']>): Rekey['what'] {
  if (topic === 'reauth') return data.to === undefined ? 'reauth' : 'redirect';
  return data.what === 'ike' ? 'ike' : 'child';
}

/** Rekeys, reauthentications and changes of the gateway that were done, latest first. */
export function rekeys(history: readonly TunnelEvent[]): readonly Rekey[] {
  const found: Rekey[] = [];
  for (const { topic, time, data } of history) {
    if (topic === 'reauth' ? data?.code !== undefined : topic !== 'rekey') continue;
    if (data?.done !== true) continue;
    found.unshift({
      time,
      what: whatOf(topic, data),
      to: data.to === undefined ? undefined : String(data.to),
      child: data.child === undefined ? undefined : String(data.child),
      by: data.by === 'peer' || data.to !== undefined ? 'peer' : 'us',
      cause: data.cause === undefined ? undefined : String(data.cause),
      durationMs: typeof data.durationMs === 'number' ? data.durationMs : undefined,
    });
  }
  return found;
}

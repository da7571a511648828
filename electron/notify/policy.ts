/**
 * Which change is worth a notification: pure, from one snapshot to the next. Quiet by default: `problems` tells of
 * what the user must act upon or would not otherwise notice; `all` adds that a tunnel came up.
 */
import type { Snapshot, TunnelSnapshot } from '../../engine/api/snapshot.ts';
import type { Screen, Settings } from '../bridge/contract.ts';
import type { Texts } from '../text/texts.ts';
import { hasFailed } from '../tray/state.ts';

export interface Note {
  readonly title: string;
  readonly body: string;
  /** Where a click leads. */
  readonly screen: Screen;
  readonly tunnel?: string;
}

export interface Memory {
  readonly previous: Snapshot | undefined;
  /** Profile and the threshold in days that was told of, so that each is told once. */
  readonly toldOfExpiry: ReadonlyMap<string, number>;
}

export const NO_MEMORY: Memory = { previous: undefined, toldOfExpiry: new Map() };

export interface Situation {
  readonly level: Settings['notifications'];
  readonly texts: Texts;
  readonly language: string;
  /** The window is in front of the user, who sees it all there. */
  readonly watched: boolean;
}

/** Days before the end at which a certificate is mentioned. */
export const EXPIRY_DAYS: readonly number[] = [0, 1, 7, 30];
const DAY_MS = 86_400_000;

const hasEnded = (tunnel: TunnelSnapshot): boolean =>
  tunnel.state === 'DELETING' || tunnel.state === 'DESTROYING' || tunnel.lastFailure?.code === 'CANCELLED';

function tunnelNote(
  before: TunnelSnapshot | undefined,
  now: TunnelSnapshot,
  { level, texts }: Situation,
): Note | undefined {
  const { name } = now;
  const body = now.lastFailure?.message ?? '';
  if (now.prompt && now.prompt.id !== before?.prompt?.id)
    return { title: texts.actionNeeded(name), body: now.prompt.text ?? '', screen: 'home', tunnel: name };
  if (!before) return undefined;
  if (before.usable && !now.usable && now.lastFailure && !hasEnded(now))
    return { title: texts.lost(name), body, screen: 'home', tunnel: name };
  if (hasFailed(now) && !hasFailed(before) && !before.usable)
    return { title: texts.failed(name), body, screen: 'home', tunnel: name };
  if (!before.usable && now.usable && level === 'all')
    return { title: texts.connected(name), body: now.addresses.join(' '), screen: 'status', tunnel: name };
  return undefined;
}

function expiryNotes(
  memory: Memory,
  next: Snapshot,
  { texts, language }: Situation,
): { notes: Note[]; told: Map<string, number> } {
  const notes: Note[] = [];
  const told = new Map<string, number>();
  const now = Date.parse(next.time);
  for (const { name, certificateExpires } of next.profiles) {
    if (certificateExpires === undefined) continue;
    const end = Date.parse(certificateExpires);
    const daysLeft = (end - now) / DAY_MS;
    const threshold = EXPIRY_DAYS.find((days) => daysLeft <= days);
    if (threshold === undefined) continue;
    told.set(name, threshold);
    if ((memory.toldOfExpiry.get(name) ?? Number.POSITIVE_INFINITY) <= threshold) continue;
    const date = new Intl.DateTimeFormat(language, { dateStyle: 'long' }).format(end);
    notes.push({
      title: daysLeft < 0 ? texts.certificateExpired(name, date) : texts.certificateExpires(name, date),
      body: texts.renewCertificate,
      screen: 'home',
      tunnel: name,
    });
  }
  return { notes, told };
}

/** What to show now, and what to remember for the next time. */
export function notesFor(
  memory: Memory,
  next: Snapshot,
  situation: Situation,
): { readonly notes: readonly Note[]; readonly memory: Memory } {
  if (situation.level === 'none')
    return { notes: [], memory: { previous: next, toldOfExpiry: memory.toldOfExpiry } };
  const { notes: expiring, told } = expiryNotes(memory, next, situation);
  const before = new Map(memory.previous?.tunnels.map((t) => [t.name, t]));
  const ofTunnels = situation.watched
    ? []
    : next.tunnels.flatMap((t) => tunnelNote(before.get(t.name), t, situation) ?? []);
  return { notes: [...ofTunnels, ...expiring], memory: { previous: next, toldOfExpiry: told } };
}

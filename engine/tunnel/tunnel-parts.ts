/** What a tunnel is made of, and what it tells. */

import type { NoteData, NoteTopic, SessionFactory } from '../ike/contract.ts';
import type { Host } from '../os/port.ts';
import type { MessageEffect } from './driver.ts';
import type { TunnelPlan } from './plan.ts';
import type { Credentials, World } from './ports.ts';
import type { Rehearsals } from './rehearsals.ts';
import type { Keepsake, Missing } from './user-secrets.ts';

export type TunnelTopic = NoteTopic | 'host' | 'tunnel' | 'path' | 'attempt' | 'reauth' | 'drops' | 'idle';

export interface TunnelEvents {
  /** Something that the snapshot shows has changed. */
  changed(): void;
  note(level: 'debug' | 'info' | 'warn', topic: TunnelTopic, text: string, data?: NoteData): void;
  message(effect: MessageEffect): void;
  /** The user wants an answer kept that has proved right; the receiver wipes it. */
  keep(keepsake: Keepsake): void;
}

export interface TunnelParts {
  readonly plan: TunnelPlan;
  readonly world: World;
  readonly host: Host;
  readonly createSession: SessionFactory;
  readonly credentials: Credentials;
  /** What the user must be asked for first. */
  readonly missing?: Missing | undefined;
  /** Whether the profile is a stored one. */
  readonly stored: boolean;
  readonly freshPromptId: () => number;
  /** Rekeys that were tried, of all tunnels. */
  readonly rehearsed: Pick<Rehearsals, 'has' | 'begin' | 'pass'>;
  readonly events: TunnelEvents;
  readonly freshSpi: () => number;
  readonly freshChildId: () => number;
}

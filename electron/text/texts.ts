/** The words of the shell itself: tray, notifications, dialogs. The window has its own, in `renderer/`. */
import type { Offer, Settings } from '../bridge/contract.ts';
import { ar } from './ar.ts';
import { de } from './de.ts';
import { en } from './en.ts';

export interface Texts {
  readonly engineNotRunning: string;
  readonly engineRefused: string;
  readonly engineConnecting: string;
  readonly notConnected: string;
  readonly connected: (names: string) => string;
  readonly connecting: (names: string) => string;
  readonly disconnecting: (names: string) => string;
  readonly failed: (names: string) => string;
  readonly lost: (name: string) => string;
  readonly connect: (name: string) => string;
  readonly disconnect: (name: string) => string;
  readonly answer: (name: string) => string;
  readonly more: string;
  readonly open: string;
  readonly settings: string;
  readonly importProfile: string;
  /** What can be done about an engine that does not run. */
  readonly offers: Readonly<Record<Exclude<Offer, 'none'>, string>>;
  readonly notStarted: string;
  readonly quit: string;
  readonly actionNeeded: (name: string) => string;
  readonly certificateExpires: (name: string, date: string) => string;
  readonly certificateExpired: (name: string, date: string) => string;
  readonly renewCertificate: string;
  readonly cannotOpen: string;
  readonly profileFiles: string;
  readonly allFiles: string;
}

export type Language = Exclude<Settings['language'], 'system'>;

const TEXTS: Readonly<Record<Language, Texts>> = { en, de, ar };

/** The language to use: the one that was chosen, else the first of the system's that we have, else English. */
export function languageOf(chosen: Settings['language'], system: readonly string[]): Language {
  if (chosen !== 'system') return chosen;
  for (const tag of system) {
    const primary = tag.toLowerCase().split('-')[0];
    if (primary === 'en' || primary === 'de' || primary === 'ar') return primary;
  }
  return 'en';
}

export const textsOf = (language: Language): Texts => TEXTS[language];

/** The shell's settings: what may stand in the file and in a change, and what holds when nothing does. */
import * as z from 'zod';
import { APPEARANCES, LANGUAGES, NOTIFICATION_LEVELS, type Settings } from '../bridge/contract.ts';

export const DEFAULTS: Settings = {
  language: 'system',
  appearance: 'system',
  notifications: 'problems',
  startAtLogin: false,
  logLevel: 'info',
};

const fields = {
  language: z.enum(LANGUAGES),
  appearance: z.enum(APPEARANCES),
  notifications: z.enum(NOTIFICATION_LEVELS),
  startAtLogin: z.boolean(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']),
};

/** A change from a window: known fields only. */
export const changeSchema: z.ZodType<Partial<Settings>> = z.strictObject({
  language: fields.language.exactOptional(),
  appearance: fields.appearance.exactOptional(),
  notifications: fields.notifications.exactOptional(),
  startAtLogin: fields.startAtLogin.exactOptional(),
  logLevel: fields.logLevel.exactOptional(),
});

/** A file: one bad field takes its default and spoils no other; fields of a later version are dropped. */
export const fileSchema: z.ZodType<Settings> = z.object({
  language: fields.language.catch(DEFAULTS.language),
  appearance: fields.appearance.catch(DEFAULTS.appearance),
  notifications: fields.notifications.catch(DEFAULTS.notifications),
  startAtLogin: fields.startAtLogin.catch(DEFAULTS.startAtLogin),
  logLevel: fields.logLevel.catch(DEFAULTS.logLevel),
});

/** What a page may ask of the browser bridge: each request is checked before anything acts on it. */
import * as z from 'zod';
import type { CallableMethod, Outcome, Settings } from '../../electron/bridge/contract.ts';
import { METHODS } from '../api/commands.ts';
import { ApiError, localFailure } from '../api/failure.ts';
import type { WebLink } from './web-link.ts';

const SUBSCRIPTIONS: readonly string[] = ['snapshot.watch', 'snapshot.unwatch', 'log.follow', 'log.unfollow'];

const settingsChange: z.ZodType<Partial<Settings>> = z
  .strictObject({
    language: z.enum(['system', 'en', 'de', 'ar']),
    appearance: z.enum(['system', 'light', 'dark']),
    notifications: z.enum(['none', 'problems', 'all']),
    startAtLogin: z.boolean(),
    logLevel: z.enum(['debug', 'info', 'warn', 'error']),
  })
  .partial() as z.ZodType<Partial<Settings>>;

export type WebRequest =
  | { readonly op: 'about' }
  | { readonly op: 'call'; readonly method: string; readonly params: unknown }
  | { readonly op: 'followLog'; readonly client: string; readonly on: boolean }
  | { readonly op: 'setSettings'; readonly change: Partial<Settings> }
  | { readonly op: 'startEngine' };

export const webRequestSchema: z.ZodType<WebRequest> = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('about') }),
  z.strictObject({ op: z.literal('call'), method: z.string().max(64), params: z.unknown() }),
  z.strictObject({ op: z.literal('followLog'), client: z.string().max(64), on: z.boolean() }),
  z.strictObject({ op: z.literal('setSettings'), change: settingsChange }),
  z.strictObject({ op: z.literal('startEngine') }),
]) as z.ZodType<WebRequest>;

export const refused = (message: string): Outcome<never> => ({
  ok: false,
  failure: localFailure('USAGE', message),
});

const isCallable = (method: string): method is CallableMethod =>
  Object.hasOwn(METHODS, method) && !SUBSCRIPTIONS.includes(method);

/** One call of the engine's API; never rejects. */
export async function callEngine(link: WebLink, method: string, params: unknown): Promise<Outcome<unknown>> {
  if (!isCallable(method)) return refused(`there is no method ${JSON.stringify(method).slice(0, 80)}`);
  const checked = METHODS[method].params.safeParse(params);
  if (!checked.success) {
    const issue = checked.error.issues[0];
    return refused(`${method}: ${issue?.path.map(String).join('.') || 'parameters'}: ${issue?.message}`);
  }
  try {
    return { ok: true, value: await link.call(method, checked.data as never) };
  } catch (error) {
    if (error instanceof ApiError) return { ok: false, failure: error.failure };
    return { ok: false, failure: localFailure('INTERNAL_ERROR', String(error)) };
  }
}

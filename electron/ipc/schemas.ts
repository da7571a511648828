/** What each IPC call must carry. Whatever is not exactly this is refused before anything is done with it. */
import * as z from 'zod';
import { METHODS, type Method } from '../../engine/api/commands.ts';
import { MAX_MESSAGE_OCTETS } from '../../engine/api/limits.ts';
import type { CallableMethod, OpenedFile, Settings } from '../bridge/contract.ts';
import { changeSchema } from '../settings/schema.ts';

/** Room for the envelope around the parameters. */
const MAX_PARAMS_CHARACTERS: number = MAX_MESSAGE_OCTETS - 1024;
const MAX_COPY = 4 * 1024 * 1024;
/** A diagnostic bundle or an exported profile. */
const MAX_SAVED = 64 * 1024 * 1024;

const NOT_CALLABLE: ReadonlySet<Method> = new Set<Method>([
  'snapshot.watch',
  'snapshot.unwatch',
  'log.follow',
  'log.unfollow',
]);

const isCallable = (name: unknown): name is CallableMethod =>
  typeof name === 'string' && Object.hasOwn(METHODS, name) && !NOT_CALLABLE.has(name as Method);

/** A file name and no path, on any system. */
const fileName: z.ZodType<string> = z
  .string()
  .min(1)
  .max(255)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  .regex(/^(?!\.)[^\u0000-\u001f/\\:*?"<>|]+$/, 'must be the name of a file');

export const noArguments: z.ZodType<readonly []> = z.tuple([]);
export const flagArguments: z.ZodType<readonly [boolean]> = z.tuple([z.boolean()]);
export const textArguments: z.ZodType<readonly [string]> = z.tuple([z.string().max(MAX_COPY)]);
export const settingsArguments: z.ZodType<readonly [Partial<Settings>]> = z.tuple([changeSchema]);
export const fileArguments: z.ZodType<readonly [OpenedFile]> = z.tuple([
  z.strictObject({ name: fileName, content: z.base64().max(MAX_SAVED) }),
]);

export type CallArguments =
  | { readonly ok: true; readonly method: CallableMethod; readonly params: never }
  | { readonly ok: false; readonly problem: string };

/** The method must be one of the API that windows may call, its parameters as the API says, and small enough. */
export function readCall(args: readonly unknown[]): CallArguments {
  const [method, params, ...more] = args;
  if (!isCallable(method) || more.length > 0)
    return { ok: false, problem: 'method: there is no such method' };
  let text: string | undefined;
  try {
    text = JSON.stringify(params);
  } catch {
    return { ok: false, problem: 'params: must be plain JSON' };
  }
  if (text !== undefined && Buffer.byteLength(text) > MAX_PARAMS_CHARACTERS)
    return { ok: false, problem: `params: more than ${MAX_PARAMS_CHARACTERS} octets` };
  const read = METHODS[method].params.safeParse(params);
  if (!read.success) return { ok: false, problem: problemOf(read.error, 'params') };
  return { ok: true, method, params: read.data as never };
}

/** Names the field; never the value, which may be a secret. */
export function problemOf(error: z.ZodError, root: string): string {
  const issue = error.issues[0];
  if (!issue) return `${root}: not valid`;
  return `${[root, ...issue.path.map(String)].join('.')}: ${issue.message}`;
}

/**
 * Answers what the window asks. Who asks is checked first (our page, in the main frame of our window), then what is
 * asked; every refusal is typed, and nothing that a page can send throws.
 */
import type * as z from 'zod';
import { localFailure } from '../../engine/api/failure.ts';
import type { CallChannel } from '../bridge/channels.ts';
import type { Outcome } from '../bridge/contract.ts';
import type { CallerPort, HostPort } from '../host.ts';
import { isOwnUrl } from '../window/resources.ts';
import { problemOf } from './schemas.ts';

export interface ServeOptions {
  readonly host: Pick<HostPort, 'ipcMain'>;
  /** Of the window that is there now. */
  readonly currentContents: () => number | undefined;
}

/** Takes the raw arguments; rejections become INTERNAL_ERROR. */
export type Answer = (args: readonly unknown[]) => Promise<Outcome<unknown>>;

export function isOurPage(caller: CallerPort, contents: number | undefined): boolean {
  const { sender, senderFrame } = caller;
  return (
    contents !== undefined &&
    sender.id === contents &&
    senderFrame !== null &&
    senderFrame.parent === null &&
    isOwnUrl(senderFrame.url)
  );
}

/** An answer whose arguments have a schema. */
export const checked =
  <T>(schema: z.ZodType<T>, answer: (args: T) => Promise<Outcome<unknown>>): Answer =>
  async (args) => {
    const read = schema.safeParse(args);
    if (!read.success)
      return { ok: false, failure: localFailure('USAGE', problemOf(read.error, 'arguments')) };
    return answer(read.data);
  };

export function serve(answers: Readonly<Record<CallChannel, Answer>>, options: ServeOptions): void {
  for (const [channel, answer] of Object.entries(answers)) {
    options.host.ipcMain.handle(channel, async (caller, ...args): Promise<Outcome<unknown>> => {
      if (!isOurPage(caller, options.currentContents()))
        return { ok: false, failure: localFailure('NOT_PERMITTED', 'this page may not call the shell') };
      try {
        return await answer(args);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        return { ok: false, failure: localFailure('INTERNAL_ERROR', message) };
      }
    });
  }
}

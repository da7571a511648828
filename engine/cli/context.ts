/** What every command shares: its options, its output, the engine at the other end. */
import type { Command } from 'commander';
import { ApiError } from '../api/failure.ts';
import { connectEngine, type RpcClient } from '../rpc/client.ts';
import { makeOutput, type Output, reportFailure } from './output.ts';
import { type Locations, locations } from './paths.ts';

export interface CommonOptions {
  readonly socket?: string;
  readonly state?: string;
  readonly json?: boolean;
}

/** The options of every command. */
export const withCommon = (command: Command): Command =>
  command
    .option(
      '--socket <path>',
      'socket of the engine (default: of the system engine for root, else of your own)',
    )
    .option('--state <dir>', 'state folder of the engine')
    .option('--json', 'print JSON');

export const locate = (options: CommonOptions): Locations =>
  locations(options, { env: process.env, uid: process.getuid?.() });

/** Runs a command's body; a failure becomes its reason and exit code. */
export async function guarded(
  options: CommonOptions,
  body: (output: Output) => Promise<number | undefined>,
): Promise<void> {
  try {
    process.exitCode = (await body(makeOutput(options.json === true))) ?? 0;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    process.exitCode = reportFailure(error.failure, options.json === true);
  }
}

/** As `guarded`, with a connection to the engine that is closed at the end. */
export const withEngine = (
  options: CommonOptions,
  body: (client: RpcClient, output: Output) => Promise<number | undefined>,
): Promise<void> =>
  guarded(options, async (output) => {
    const client = await connectEngine(locate(options).socket);
    try {
      return await body(client, output);
    } finally {
      client.close();
    }
  });

/** Resolves when the user interrupts, or the engine goes away. */
export const untilStopped = (client: RpcClient): Promise<'interrupted' | 'closed'> =>
  new Promise((resolve) => {
    process.once('SIGINT', () => resolve('interrupted'));
    process.once('SIGTERM', () => resolve('interrupted'));
    client.onClose(() => resolve('closed'));
  });

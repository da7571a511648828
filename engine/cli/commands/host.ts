/** `culvert repair` and `release`: what was changed on this machine, with an engine or without. */
import type { Command } from 'commander';
import { ApiError, localFailure } from '../../api/failure.ts';
import { connectEngine } from '../../rpc/client.ts';
import { type CommonOptions, guarded, locate, withCommon } from '../context.ts';
import type { RepairMachine } from '../start.ts';

const LIMIT_MS = 60_000;

/** Asks the engine, and does it in this very process when there is none. */
async function changes(
  options: CommonOptions,
  method: 'host.repair' | 'host.release',
  load: () => Promise<RepairMachine>,
): Promise<readonly string[]> {
  const { socket, state } = locate(options);
  let client: Awaited<ReturnType<typeof connectEngine>>;
  try {
    client = await connectEngine(socket);
  } catch (error) {
    if (!(error instanceof ApiError) || error.failure.code !== 'ENGINE_NOT_RUNNING') throw error;
    if (options.socket !== undefined && options.state === undefined)
      throw new ApiError(
        localFailure('USAGE', `no engine answers at ${socket}: name its state folder too (--state)`),
      );
    const repair = await load();
    return repair({ state, release: method === 'host.release' });
  }
  try {
    return (await client.call(method, {}, { timeoutMs: LIMIT_MS })).changes;
  } finally {
    client.close();
  }
}

/** `load` brings what repairs without an engine, which is rarely needed. */
export function addHostCommands(program: Command, load: () => Promise<RepairMachine>): void {
  withCommon(program.command('repair'))
    .description('undo what earlier runs left on this machine; works without the engine')
    .action((options: CommonOptions) =>
      guarded(options, async (output) => {
        const done = await changes(options, 'host.repair', load);
        output.result({ changes: done }, () => done.join('\n') || 'nothing was left to undo');
        return 0;
      }),
    );

  withCommon(program.command('release'))
    .description('end every kill switch: traffic flows beside the tunnels again')
    .action((options: CommonOptions) =>
      guarded(options, async (output) => {
        const done = await changes(options, 'host.release', load);
        output.result({ changes: done }, () => done.join('\n') || 'no kill switch was in force');
        return 0;
      }),
    );
}

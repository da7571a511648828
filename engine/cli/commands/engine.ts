/** `culvert engine`: the daemon, in the foreground until SIGTERM or SIGINT. */
import { type Command, Option } from 'commander';
import { ApiError, localFailure } from '../../api/failure.ts';
import type { LogLevel } from '../../base/log.ts';
import { OFFLOAD_LEVELS, type OffloadLevel } from '../../base/offload-level.ts';
import { type CommonOptions, guarded, locate, withCommon } from '../context.ts';
import type { StartEngine } from '../start.ts';

interface EngineCommandOptions extends CommonOptions {
  readonly group?: string;
  readonly logLevel: string;
  readonly logFile?: string;
  readonly datapathLevel?: OffloadLevel;
}

const LEVELS: readonly string[] = ['debug', 'info', 'warn', 'error'] satisfies readonly LogLevel[];

const asked = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      let first = true;
      process.on(signal, () => {
        // Whoever asks twice does not want to wait for a silent peer.
        if (!first) process.exit(1);
        first = false;
        resolve();
      });
    }
  });

/** `load` brings the engine's composition, which a client command never needs in memory. */
export function addEngineCommand(program: Command, version: string, load: () => Promise<StartEngine>): void {
  withCommon(program.command('engine'))
    .description('run the engine in the foreground; SIGTERM ends all tunnels and restores the host')
    .option('--group <group>', 'members of this group may use the engine')
    .option('--log-level <level>', LEVELS.join(', '), 'info')
    .option('--log-file <path>', 'write the log there instead of to standard error')
    // For tests of what the engine does on older kernels.
    .addOption(new Option('--datapath-level <level>').choices([...OFFLOAD_LEVELS]).hideHelp())
    .action((options: EngineCommandOptions) =>
      guarded(options, async (output) => {
        const { group, logLevel, logFile, datapathLevel } = options;
        if (!LEVELS.includes(logLevel))
          throw new ApiError(localFailure('USAGE', `--log-level: must be one of ${LEVELS.join(', ')}`));
        const { socket, state } = locate(options);
        const stop = asked();
        const start = await load();
        const engine = await start({
          socket,
          state,
          group,
          logLevel: logLevel as LogLevel,
          logFile,
          offload: datapathLevel,
          version,
        });
        output.result({ ready: true, socket, state, pid: process.pid }, () => `ready ${socket}`);
        await stop;
        await engine.stop();
        return 0;
      }),
    );
}

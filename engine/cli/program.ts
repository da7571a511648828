/** The command line as a whole. */
import { Command, CommanderError } from 'commander';
import { localFailure } from '../api/failure.ts';
import { addDiagnoseCommand } from './commands/diagnose.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addEngineCommand } from './commands/engine.ts';
import { addHostCommands } from './commands/host.ts';
import { addImportCommand } from './commands/import.ts';
import { addProfileCommands } from './commands/profiles.ts';
import { addTunnelCommands } from './commands/tunnel.ts';
import { addWatchCommands } from './commands/watch.ts';
import { guarded } from './context.ts';
import { reportFailure } from './output.ts';
import type { RepairMachine, StartEngine } from './start.ts';

/** What the command line starts but does not hold itself. */
export interface Loaders {
  readonly version: string;
  readonly engine: () => Promise<StartEngine>;
  readonly repair: () => Promise<RepairMachine>;
  readonly demo: () => Promise<(options: { readonly json: boolean }) => Promise<number>>;
  /** The demo behind a window in a browser; rejects with ApiError. */
  readonly demoUi: () => Promise<(options: { readonly version: string }) => Promise<number>>;
}

function addDemoCommand(program: Command, { version, demo, demoUi }: Loaders): void {
  program
    .command('demo')
    .description('a whole tunnel in one process against the embedded gateway, without root')
    .option('--json', 'print JSON')
    .option('--ui', 'the window in a browser instead, on the loopback interface')
    .action(async (options: { readonly json?: boolean; readonly ui?: boolean }) => {
      if (options.ui === true) await guarded(options, async () => await (await demoUi())({ version }));
      else process.exitCode = await (await demo())({ json: options.json === true });
    });
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

export function buildProgram(loaders: Loaders): Command {
  const program = new Command('culvert')
    .description('IKEv2/IPsec VPN client')
    .version(loaders.version)
    .showSuggestionAfterError();
  addEngineCommand(program, loaders.version, loaders.engine);
  addProfileCommands(program);
  addDoctorCommand(program);
  addDiagnoseCommand(program);
  addImportCommand(program);
  addTunnelCommands(program);
  addWatchCommands(program);
  addHostCommands(program, loaders.repair);
  addDemoCommand(program, loaders);
  for (const command of everyCommand(program)) {
    // Usage errors are reported like every other failure, in `runProgram`.
    command.exitOverride().configureOutput({ outputError: () => undefined });
  }
  return program;
}

/** Parses and runs; sets the exit code of the process. `argv` as in `process.argv`. */
export async function runProgram(argv: readonly string[], loaders: Loaders): Promise<void> {
  try {
    await buildProgram(loaders).parseAsync([...argv]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return;
    const help = error.code === 'commander.help';
    const message = help
      ? 'which command? see culvert --help'
      : error.message.replace(/^error: /, '').replaceAll('\n', ' ');
    process.exitCode = reportFailure(localFailure('USAGE', message), argv.includes('--json'));
  }
}

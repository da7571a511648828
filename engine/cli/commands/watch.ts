/** `culvert status`, `log` and `negotiation`. */
import type { Command } from 'commander';
import type { LogLine } from '../../api/events.ts';
import { ApiError, localFailure } from '../../api/failure.ts';
import type { Snapshot } from '../../api/snapshot.ts';
import type { RpcClient } from '../../rpc/client.ts';
import { type CommonOptions, untilStopped, withCommon, withEngine } from '../context.ts';
import { negotiationText } from '../negotiation-text.ts';
import type { Output } from '../output.ts';
import { snapshotText, tunnelText } from '../status-text.ts';

interface LogOptions extends CommonOptions {
  readonly follow?: boolean;
  readonly lines?: string;
}

const CLEAR_SCREEN = '\u001b[H\u001b[2J';

/** The snapshot with one tunnel alone. */
function pick(snapshot: Snapshot, name: string | undefined): Snapshot {
  if (name === undefined) return snapshot;
  const tunnels = snapshot.tunnels.filter((tunnel) => tunnel.name === name);
  if (tunnels.length === 0) throw new ApiError(localFailure('NOT_FOUND', `no tunnel is named ${name}`));
  return { ...snapshot, tunnels };
}

const statusText = (snapshot: Snapshot, name: string | undefined): string =>
  name === undefined
    ? snapshotText(snapshot)
    : snapshot.tunnels.map((tunnel) => tunnelText(tunnel, snapshot.time)).join('\n\n');

async function watchStatus(client: RpcClient, output: Output, name: string | undefined): Promise<number> {
  client.onSnapshot((whole) => {
    const tunnels =
      name === undefined ? whole.tunnels : whole.tunnels.filter((tunnel) => tunnel.name === name);
    const snapshot = { ...whole, tunnels };
    if (!output.json && process.stdout.isTTY) process.stdout.write(CLEAR_SCREEN);
    output.result(snapshot, () => statusText(snapshot, name));
  });
  const stopped = untilStopped(client);
  await client.call('snapshot.watch', {});
  if ((await stopped) === 'interrupted') return 0;
  throw new ApiError(localFailure('ENGINE_NOT_RUNNING', 'the engine has ended'));
}

function logText({ time, level, message, fields }: LogLine): string {
  const extras = Object.entries(fields).map(
    ([key, value]) => ` ${key}=${String(value).replaceAll('\n', ' ')}`,
  );
  return `${time} ${level.padEnd(5)} ${message.replaceAll('\n', ' ')}${extras.join('')}`;
}

async function followLog(client: RpcClient, output: Output, lines: number): Promise<number> {
  client.onLog((log) => {
    if (log.missed > 0) output.warn(`${log.missed} lines were missed`);
    for (const line of log.lines) output.result(line, () => logText(line));
  });
  const stopped = untilStopped(client);
  const tail = await client.call('log.follow', { lines });
  for (const line of tail.lines) output.result(line, () => logText(line));
  if ((await stopped) === 'interrupted') return 0;
  throw new ApiError(localFailure('ENGINE_NOT_RUNNING', 'the engine has ended'));
}

function lineCount(text: string | undefined): number {
  if (text === undefined) return 100;
  if (/^[0-9]{1,4}$/.test(text) && Number(text) <= 2000) return Number(text);
  throw new ApiError(localFailure('USAGE', '--lines: must be a number up to 2000'));
}

export function addWatchCommands(program: Command): void {
  withCommon(program.command('status').argument('[name]', 'one tunnel; all when left out'))
    .description('show tunnels: state, suite, SPIs, addresses, selectors, lifetimes, traffic')
    .option('--watch', 'go on showing changes')
    .action((name: string | undefined, options: CommonOptions & { readonly watch?: boolean }) =>
      withEngine(options, async (client, output) => {
        if (options.watch === true) return watchStatus(client, output, name);
        const snapshot = pick(await client.call('snapshot.get', {}), name);
        output.result(snapshot, () => statusText(snapshot, name));
        return 0;
      }),
    );

  withCommon(program.command('log'))
    .description("print the engine's log")
    .option('--follow', 'go on printing new lines')
    .option('--lines <count>', 'how many of the latest lines (default: 100)')
    .action((options: LogOptions) =>
      withEngine(options, async (client, output) => {
        const lines = lineCount(options.lines);
        if (options.follow === true) return followLog(client, output, lines);
        const tail = await client.call('log.tail', { lines });
        output.result(tail, () => tail.lines.map(logText).join('\n'));
        return 0;
      }),
    );

  withCommon(program.command('negotiation').argument('<name>', 'a tunnel'))
    .description('show the IKE messages of a tunnel: what was offered, chosen, said twice')
    .action((name: string, options: CommonOptions) =>
      withEngine(options, async (client, output) => {
        const result = await client.call('tunnel.negotiation', { name });
        output.result(result, () => negotiationText(result.messages));
        return 0;
      }),
    );
}

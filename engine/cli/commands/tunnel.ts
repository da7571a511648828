/** `culvert up`, `answer`, `down` and `rekey`. */
import type { Command } from 'commander';
import type { UpResult } from '../../api/commands.ts';
import { ApiError, localFailure } from '../../api/failure.ts';
import { parseDuration } from '../../profile/lifetime.ts';
import type { RpcClient } from '../../rpc/client.ts';
import { type AnswerOptions, answerAll, answerOne, answerSource, withAnswers } from '../answering.ts';
import { type CommonOptions, withCommon, withEngine } from '../context.ts';
import { Progress } from '../progress.ts';
import { promptName } from '../prompt-text.ts';
import { isPath, readProfileFile } from '../read-profile.ts';
import { tunnelText } from '../status-text.ts';

interface UpOptions extends CommonOptions, AnswerOptions {
  readonly wait?: boolean;
  readonly timeout?: string;
}

interface RekeyOptions extends CommonOptions {
  readonly ike?: boolean;
  readonly child?: string;
  readonly reauth?: boolean;
}

/** A tunnel's end takes as long as the peer's silence. */
const DOWN_MS = 60_000;

function timeoutMs(text: string | undefined): number {
  if (text === undefined) return 0;
  const parsed = parseDuration(text);
  if (parsed.ok && parsed.value > 0) return parsed.value;
  throw new ApiError(localFailure('USAGE', `--timeout: ${parsed.ok ? 'must be above 0' : parsed.error}`));
}

async function giveUp(client: RpcClient, name: string): Promise<void> {
  await client.call('tunnel.down', { name }, { timeoutMs: DOWN_MS }).catch(() => undefined);
}

async function timedOut(client: RpcClient, name: string, limit: number): Promise<ApiError> {
  const snapshot = await client.call('snapshot.get', {}).catch(() => undefined);
  const last = snapshot?.tunnels.find((tunnel) => tunnel.name === name)?.lastFailure;
  const message = `no usable tunnel within ${limit / 1000} s${last ? `; the last attempt: ${last.message}` : ''}`;
  return new ApiError({ ...(last ?? localFailure('NO_ANSWER', '')), message });
}

/** Waits for the attempt; an interruption, the time limit or a question without answer calls it off. */
async function waitUp(
  client: RpcClient,
  name: string,
  attempt: Promise<UpResult>,
  limit: number,
  unanswered: Promise<never>,
): Promise<UpResult> {
  let timer: NodeJS.Timeout | undefined;
  const stopped = new Promise<'interrupted' | 'late'>((resolve) => {
    process.once('SIGINT', () => resolve('interrupted'));
    process.once('SIGTERM', () => resolve('interrupted'));
    if (limit > 0) timer = setTimeout(() => resolve('late'), limit);
  });
  attempt.catch(() => undefined);
  // Calling the attempt off ends it too, with a reason of less use.
  const asked = unanswered.catch((error: unknown) => ({ error }));
  const first = await Promise.race([attempt, stopped, asked]).finally(() => clearTimeout(timer));
  if (typeof first === 'object' && !('error' in first)) return first;
  const failure =
    typeof first === 'object'
      ? first.error
      : first === 'late'
        ? await timedOut(client, name, limit)
        : new ApiError(localFailure('CANCELLED', `connecting ${name} was interrupted`));
  await giveUp(client, name);
  throw failure;
}

export function addTunnelCommands(program: Command): void {
  withAnswers(withCommon(program.command('up').argument('<profile>', 'name of a stored profile, or a file')))
    .description('connect')
    .option('--no-prompt', 'fail at once where a password would be asked for')
    .option('--wait', 'return when traffic can flow, or with the reason why not')
    .option('--timeout <time>', 'with --wait: give up after this long, such as 30s')
    .action((profile: string, options: UpOptions) =>
      withEngine(options, async (client, output) => {
        const limit = timeoutMs(options.timeout);
        const file = isPath(profile) ? readProfileFile(profile) : undefined;
        const name = file?.name ?? profile;
        for (const warning of file?.warnings ?? []) output.warn(warning);
        const wait = options.wait === true || limit > 0;
        const store = options.store === true;
        const source = answerSource(options);
        const progress = new Progress(name, output.tell);
        const answers = wait
          ? answerAll(client, name, source, store, (snapshot) => progress.look(snapshot))
          : undefined;
        const attempt = client.call(
          'tunnel.up',
          { profile: file?.document ?? profile, wait },
          { timeoutMs: wait ? 0 : DOWN_MS },
        );
        const result = answers
          ? await waitUp(client, name, attempt, limit, answers.failed).finally(answers.stop)
          : await attempt;
        const { prompt } = result.tunnel;
        if (!wait && prompt)
          await answerOne(client, name, prompt, source, store).catch(async (error: unknown) => {
            await giveUp(client, name);
            throw error;
          });
        for (const warning of result.warnings) if (!file?.warnings.includes(warning)) output.warn(warning);
        output.result(result, () =>
          wait ? tunnelText(result.tunnel, new Date().toISOString()) : `connecting ${result.name}`,
        );
        return 0;
      }),
    );

  withAnswers(withCommon(program.command('answer').argument('<name>')))
    .description('answer the question that a connection attempt has for its user')
    .action((name: string, options: CommonOptions & AnswerOptions) =>
      withEngine(options, async (client, output) => {
        const { tunnels } = await client.call('snapshot.get', {});
        const prompt = tunnels.find((tunnel) => tunnel.name === name)?.prompt;
        const gone = localFailure('NOT_FOUND', `no question stands for ${name}`);
        if (!prompt) throw new ApiError(gone);
        const answered = await answerOne(client, name, prompt, answerSource(options), options.store === true);
        if (!answered) throw new ApiError(gone);
        output.result({ answered: name }, () => `gave ${promptName(prompt)}`);
        return 0;
      }),
    );

  withCommon(program.command('down').argument('[name]', 'one tunnel; all when left out'))
    .description('disconnect and restore the host')
    .action((name: string | undefined, options: CommonOptions) =>
      withEngine(options, async (client, output) => {
        const result = await client.call('tunnel.down', { name }, { timeoutMs: DOWN_MS });
        output.result(result, () =>
          result.ended.length === 0 ? 'nothing was up' : `ended ${result.ended.join(', ')}`,
        );
        return 0;
      }),
    );

  withCommon(program.command('rekey').argument('<name>'))
    .description('rekey now: the IKE SA, or children')
    .option('--ike', 'the IKE SA (the default)')
    .option('--child <child>', 'one child by name')
    .option('--reauth', 'a new IKE SA with full authentication, which takes over before the old one ends')
    .action((name: string, options: RekeyOptions) =>
      withEngine(options, async (client, output) => {
        if ([options.ike, options.child, options.reauth].filter((given) => given !== undefined).length > 1)
          throw new ApiError(localFailure('USAGE', 'rekey takes one of --ike, --child and --reauth'));
        if (options.reauth === true) {
          await client.call('tunnel.reauthenticate', { name });
          output.result({ name, what: 'reauth' }, () => `authenticating ${name} again`);
          return 0;
        }
        const what = options.child === undefined ? 'ike' : 'child';
        await client.call('tunnel.rekey', { name, what, child: options.child });
        output.result({ name, what }, () => `rekeying ${name}: ${options.child ?? 'IKE SA'}`);
        return 0;
      }),
    );
}

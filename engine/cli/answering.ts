/** Where the answers to a tunnel's questions come from: the terminal, a file, or nowhere, which is said honestly. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { ApiError, localFailure } from '../api/failure.ts';
import { MAX_ANSWER, type PromptSnapshot } from '../api/prompt.ts';
import type { Snapshot } from '../api/snapshot.ts';
import { utf8 } from '../base/bytes.ts';
import type { RpcClient } from '../rpc/client.ts';
import { askHidden } from './hidden-input.ts';
import { clean } from './output.ts';
import { promptName } from './prompt-text.ts';

export interface AnswerOptions {
  readonly passwordFile?: string;
  /** False with `--no-prompt`. */
  readonly prompt?: boolean;
  readonly store?: boolean;
}

export const withAnswers = (command: Command): Command =>
  command
    .option('--password-file <file>', 'answer the first question with its first line; - is standard input')
    .option('--store', 'keep a password with the stored profile once it has proved right');

/** Resolves to `undefined` when the question is gone before it was answered. @throws ApiError */
export type AnswerSource = (prompt: PromptSnapshot, signal: AbortSignal) => Promise<string | undefined>;

const MAX_FILE = 64 * 1024;

/** `the password of carol (wrong before; the gateway says "Code?")`. */
function described(prompt: PromptSnapshot): string {
  const more = [
    ...(prompt.problem === undefined ? [] : [prompt.problem]),
    ...(prompt.text === undefined ? [] : [`the gateway says "${prompt.text}"`]),
  ];
  return `${promptName(prompt)}${more.length === 0 ? '' : ` (${more.join('; ')})`}`;
}

function needed(prompt: PromptSnapshot, why: string): ApiError {
  return new ApiError(
    localFailure('SECRET_NEEDED', `${described(prompt)} is needed, ${why}`, [
      'run the command in a terminal',
      'use --password-file FILE, or - for standard input',
    ]),
  );
}

function readAnswer(file: string): string {
  let text: string;
  try {
    const bytes = readFileSync(file === '-' ? 0 : file);
    if (bytes.length > MAX_FILE) throw new Error(`it has more than ${MAX_FILE} octets`);
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ApiError(localFailure('USAGE', `--password-file: ${file} cannot be read: ${reason}`));
  }
  const [line = ''] = text.split(/\r?\n/, 1);
  if (line === '' || utf8(line).length > MAX_ANSWER)
    throw new ApiError(
      localFailure('USAGE', `--password-file: the first line must have 1 to ${MAX_ANSWER} octets`),
    );
  return line;
}

function fromFile(file: string): AnswerSource {
  let answer: string | undefined = readAnswer(file);
  return async (prompt) => {
    if (answer === undefined) throw needed(prompt, 'and the one of --password-file was given already');
    const once = answer;
    answer = undefined;
    return once;
  };
}

const fromTerminal: AnswerSource = async (prompt, signal) => {
  const say = (text: string): void => void process.stderr.write(`${clean(text).replaceAll('\n', ' ')}\n`);
  if (prompt.problem !== undefined) say(`culvert: ${prompt.problem}`);
  if (prompt.text !== undefined) say(`The gateway asks: "${prompt.text}"`);
  const name = promptName(prompt).slice('the '.length);
  const label = clean(`${name[0]?.toUpperCase()}${name.slice(1)}`).replaceAll('\n', ' ');
  for (;;) {
    const answer = await askHidden(label, undefined, signal);
    if (answer === undefined && !signal.aborted)
      throw new ApiError(localFailure('CANCELLED', 'the question was not answered'));
    if (answer !== '') return answer;
  }
};

/** @throws ApiError `USAGE` when the file cannot be read */
export function answerSource({ passwordFile, prompt = true }: AnswerOptions): AnswerSource {
  if (passwordFile !== undefined) return fromFile(passwordFile);
  if (!prompt)
    return async (asked) => {
      throw needed(asked, 'which --no-prompt rules out');
    };
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    return async (asked) => {
      throw needed(asked, 'and there is no terminal to ask on');
    };
  return fromTerminal;
}

/** Answers one question. False when it was gone already. @throws ApiError */
export async function answerOne(
  client: RpcClient,
  name: string,
  prompt: PromptSnapshot,
  source: AnswerSource,
  store: boolean,
  signal: AbortSignal = new AbortController().signal,
): Promise<boolean> {
  const answer = await source(prompt, signal);
  if (answer === undefined) return false;
  try {
    await client.call('tunnel.answer', {
      name,
      prompt: prompt.id,
      answer,
      ...(store && prompt.storable ? { store } : {}),
    });
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.failure.code === 'NOT_FOUND') return false;
    throw error;
  }
}

/**
 * Answers the questions of one tunnel as they come, until `stop`. `failed` rejects when one cannot be answered; one
 * that another client answers, or that is withdrawn, is dropped. `seen` gets every snapshot meanwhile.
 */
export function answerAll(
  client: RpcClient,
  name: string,
  source: AnswerSource,
  store: boolean,
  seen: (snapshot: Snapshot) => void = () => undefined,
): { readonly failed: Promise<never>; readonly stop: () => void } {
  let current: { readonly id: number; readonly abort: AbortController } | undefined;
  let last = 0;
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);
  const take = ({ tunnels }: Snapshot): void => {
    const prompt = tunnels.find((tunnel) => tunnel.name === name)?.prompt;
    if (current && current.id !== prompt?.id) {
      current.abort.abort();
      current = undefined;
    }
    if (!prompt || prompt.id <= last) return;
    last = prompt.id;
    const abort = new AbortController();
    current = { id: prompt.id, abort };
    answerOne(client, name, prompt, source, store, abort.signal).catch(fail);
  };
  let stopped = false;
  client.onSnapshot((snapshot) => {
    if (stopped) return;
    seen(snapshot);
    take(snapshot);
  });
  client.call('snapshot.watch', {}).catch(fail);
  const stop = (): void => {
    stopped = true;
    current?.abort.abort();
  };
  return { failed, stop };
}

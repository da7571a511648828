/** Questions of a connection attempt at the command line: hidden input on a terminal, a file, and honest refusals. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { PromptSnapshot } from '../../../engine/api/prompt.ts';
import { FAILURES } from '../../../engine/base/failure.ts';
import { type FakeEngine, TUNNEL } from '../rpc/fake-engine.ts';
import { folder, serve } from '../rpc/wire.ts';
import { run } from './command.ts';

const CLI = fileURLToPath(new URL('../../../engine/cli/main.ts', import.meta.url));
const PROMPT: PromptSnapshot = {
  id: 7,
  kind: 'password',
  user: 'carol',
  storable: true,
  secondsLeft: 120,
};

async function until(met: () => boolean, what: () => string): Promise<void> {
  for (const end = Date.now() + 15_000; !met(); await new Promise((resolve) => setTimeout(resolve, 10)))
    assert.ok(Date.now() < end, `never: ${what()}`);
}

interface Terminal {
  readonly process: ChildProcess;
  readonly code: Promise<number | null>;
  screen(): string;
  type(text: string): void;
}

/** The command on a terminal of its own, as `script` makes one. */
function terminal(t: TestContext, args: readonly string[]): Terminal {
  const quoted = [process.execPath, '--import', import.meta.resolve('tsx'), CLI, ...args].map(
    (arg) => `'${arg.replaceAll("'", "'\\''")}'`,
  );
  const child = spawn('script', ['-qfec', quoted.join(' '), '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  let screen = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
  });
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { process: child, code, screen: () => screen, type: (text) => void child.stdin.write(text) };
}

/** An engine whose attempt asks until it is answered. */
function asking(engine: FakeEngine, prompt: PromptSnapshot = PROMPT): void {
  engine.hang = true;
  engine.tunnels = [{ ...TUNNEL, usable: false, state: 'CONNECTING', prompt }];
  engine.answered = () => {
    engine.tunnels = [TUNNEL];
    engine.change();
    engine.letGo();
  };
}

const answers = (engine: FakeEngine): unknown[] =>
  engine.calls.filter((call) => (call as [string])[0] === 'answer').map((call) => (call as unknown[])[1]);

test('on a terminal: the question, input that is not shown, the keys that edit it', async (t) => {
  const { engine, path } = await serve(t);
  asking(engine, {
    ...PROMPT,
    problem: 'the gateway refuses user name or password',
    text: 'Pass\u0007word?',
  });
  const shell = terminal(t, ['up', 'office', '--wait', '--store', '--socket', path]);
  await until(() => shell.screen().includes('Password of carol: '), shell.screen);
  shell.type('wrong line\u0015\u001b[Ase');
  shell.type('crét\u007ft!\r');
  assert.equal(await shell.code, 0, shell.screen());
  assert.deepEqual(answers(engine), [{ name: 'office', prompt: 7, answer: 'secrét!', store: true }]);
  assert.match(shell.screen(), /the gateway refuses user name or password/);
  assert.match(shell.screen(), /The gateway asks: "Pass\ufffdword\?"/);
  assert.match(shell.screen(), /office: ESTABLISHED/);
  assert.doesNotMatch(shell.screen(), /wrong line|secr/);
});

test('Ctrl-C at the question calls the attempt off', async (t) => {
  const { engine, path } = await serve(t);
  asking(engine);
  const shell = terminal(t, ['up', 'office', '--wait', '--socket', path]);
  await until(() => shell.screen().includes('Password of carol: '), shell.screen);
  shell.type('half\u0003');
  assert.equal(await shell.code, FAILURES.CANCELLED, shell.screen());
  assert.deepEqual(answers(engine), []);
  assert.deepEqual(engine.calls.at(-1), ['down', { name: 'office' }]);
});

test('a question that another client answers goes away, the next one is shown', async (t) => {
  const { engine, path } = await serve(t);
  asking(engine);
  const shell = terminal(t, ['up', 'office', '--wait', '--socket', path]);
  await until(() => shell.screen().includes('Password of carol: '), shell.screen);
  shell.type('half');
  const code = { ...PROMPT, id: 8, kind: 'one-time-code', text: 'Code?', storable: false } as const;
  engine.tunnels = [{ ...TUNNEL, usable: false, state: 'CONNECTING', prompt: code }];
  engine.change();
  await until(() => shell.screen().includes('One-time code of carol: '), shell.screen);
  shell.type('123456\r');
  assert.equal(await shell.code, 0, shell.screen());
  assert.deepEqual(answers(engine), [{ name: 'office', prompt: 8, answer: '123456' }]);
});

test('without a terminal, and with --no-prompt, the command fails at once and leaves no attempt behind', async (t) => {
  const { engine, path } = await serve(t);
  for (const [args, says] of [
    [[], /the password of carol is needed, and there is no terminal to ask on$/m],
    [['--no-prompt'], /the password of carol is needed, which --no-prompt rules out$/m],
  ] as const) {
    asking(engine);
    const ran = await run(['up', 'office', '--wait', ...args, '--socket', path]);
    assert.equal(ran.code, FAILURES.SECRET_NEEDED, ran.stderr);
    assert.match(ran.stderr, says);
    assert.equal(ran.stderr.trimEnd().split('\n').length, 1);
    assert.deepEqual(engine.calls.at(-1), ['down', { name: 'office' }]);
  }
});

test('--password-file answers the first question, and no second one', async (t) => {
  const { engine, path } = await serve(t);
  const file = join(folder(t), 'password');
  writeFileSync(file, 'from a file\nand a second line\n');
  asking(engine);
  const ran = await run(['up', 'office', '--wait', '--password-file', file, '--socket', path]);
  assert.equal(ran.code, 0, ran.stderr);
  assert.deepEqual(answers(engine), [{ name: 'office', prompt: 7, answer: 'from a file' }]);
  asking(engine);
  engine.answered = () => {
    const prompt = { ...PROMPT, id: 8, problem: 'that was wrong' };
    engine.tunnels = [{ ...TUNNEL, usable: false, state: 'CONNECTING', prompt }];
    engine.change();
  };
  const again = await run(['up', 'office', '--wait', '--password-file', file, '--socket', path]);
  assert.equal(again.code, FAILURES.SECRET_NEEDED, again.stderr);
  assert.match(again.stderr, /the password of carol \(that was wrong\) is needed/);
});

test('a password file that is no good is told before anything is tried', async (t) => {
  const { engine, path } = await serve(t);
  const file = join(folder(t), 'password');
  writeFileSync(file, '\nsecond');
  for (const name of [file, '/nowhere/at/all']) {
    const ran = await run(['up', 'office', '--password-file', name, '--socket', path]);
    assert.equal(ran.code, FAILURES.USAGE, ran.stderr);
  }
  assert.deepEqual(engine.calls, []);
});

test('culvert answer: from standard input, and nothing to answer', async (t) => {
  const { engine, path } = await serve(t);
  asking(engine);
  const status = await run(['status', 'office', '--socket', path]);
  assert.match(status.stdout, /asks for +the password of carol, for 2 min yet \(culvert answer office\)/);
  const file = join(folder(t), 'password');
  writeFileSync(file, 'by another client');
  const ran = await run(['answer', 'office', '--password-file', file, '--socket', path]);
  assert.equal(ran.code, 0, ran.stderr);
  assert.equal(ran.stdout, 'gave the password of carol\n');
  assert.deepEqual(answers(engine), [{ name: 'office', prompt: 7, answer: 'by another client' }]);
  const none = await run(['answer', 'office', '--password-file', file, '--socket', path]);
  assert.equal(none.code, FAILURES.NOT_FOUND);
});

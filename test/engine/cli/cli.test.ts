/** The command line against a served engine: exit codes, reasons, JSON. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Failure } from '../../../engine/base/failure.ts';
import { FAILURES } from '../../../engine/base/failure.ts';
import { PEM, PSK_DOCUMENT, PUBKEY_DOCUMENT } from '../profile/documents.ts';
import { TUNNEL } from '../rpc/fake-engine.ts';
import { folder, serve } from '../rpc/wire.ts';
import { run, start } from './command.ts';

async function until(met: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + 10_000; !met(); await new Promise((resolve) => setTimeout(resolve, 10)))
    assert.ok(Date.now() < end, `never: ${what}`);
}

const errorOf = (stdout: string): Failure => (JSON.parse(stdout) as { error: Failure }).error;

test('no engine: exit code 3, the reason in one line, JSON on stdout when asked', async (t) => {
  const socket = join(folder(t), 'none.sock');
  const text = await run(['status', '--socket', socket]);
  assert.equal(text.code, 3);
  assert.equal(text.stdout, '');
  assert.match(text.stderr, /^culvert: ENGINE_NOT_RUNNING: no engine answers at .*none\.sock \(ENOENT\)\n$/);
  const json = await run(['status', '--json'], { CULVERT_SOCKET: socket });
  assert.equal(json.code, 3);
  assert.equal(errorOf(json.stdout).code, 'ENGINE_NOT_RUNNING');
});

test('usage errors: exit code 2 and one line', async () => {
  for (const [args, says] of [
    [['frobnicate'], /unknown command 'frobnicate'/],
    [['up'], /missing required argument 'profile'/],
    [['status', '--frob'], /unknown option '--frob'/],
    [['log', '--lines', 'many'], /--socket|ENGINE_NOT_RUNNING|--lines/],
  ] as const) {
    const { code, stderr, stdout } = await run(args);
    assert.ok(code === 2 || code === 3, `${args.join(' ')}: ${code}`);
    assert.match(stderr, says);
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
    assert.equal(stdout, '');
  }
  assert.equal(errorOf((await run(['up', '--json'])).stdout).code, 'USAGE');
  const { code, stdout } = await run(['--version']);
  assert.deepEqual([code, /^[0-9]+\.[0-9]+\.[0-9]+\n$/.test(stdout)], [0, true]);
});

test('every failure of the engine has its own exit code', async (t) => {
  const { engine, path } = await serve(t);
  const codes = [
    'NO_ANSWER',
    'AUTHENTICATION_FAILED',
    'PEER_CERTIFICATE',
    'TS_UNACCEPTABLE',
    'TUN_UNAVAILABLE',
  ] as const;
  for (const code of codes) {
    engine.failure = {
      code,
      phase: 'IKE_AUTH',
      message: 'the reason\nwith \u001b[31ma second line',
      authenticated: true,
      ...(code === 'PEER_CERTIFICATE' ? { check: 'expired' } : {}),
    };
    const json = code === 'NO_ANSWER';
    const ran = await run(['up', 'office', '--wait', '--socket', path, ...(json ? ['--json'] : [])]);
    assert.equal(ran.code, FAILURES[code], code);
    const check = code === 'PEER_CERTIFICATE' ? ' (expired)' : '';
    assert.equal(ran.stderr, `culvert: ${code}${check}: the reason with \ufffd[31ma second line\n`);
    if (json) assert.deepEqual(errorOf(ran.stdout), engine.failure);
    else assert.equal(ran.stdout, '');
  }
});

test('status for people shows what the issue of a tunnel is about, and JSON is the snapshot', async (t) => {
  const { engine, path } = await serve(t);
  engine.tunnels = [
    {
      ...TUNNEL,
      lastFailure: {
        code: 'PEER_GONE',
        phase: 'established',
        message: 'went\u001b]0;x away',
        authenticated: false,
      },
    },
  ];
  const { code, stdout, stderr } = await run(['status', '--socket', path]);
  assert.deepEqual([code, stderr], [0, '']);
  for (const part of [
    'office: ESTABLISHED',
    'aes256gcm16-prfsha384-ecp384',
    'SPI 0011223344556677',
    'vpn.example.com at [2001:db8::1]:4500',
    'we are behind a NAT',
    'next rekey in 2 h 30 min, lifetime left 3 h, 1 rekey done',
    'SPI in 0xc0000001, out 0xc0000002',
    '10.9.0.5/32 === 10.0.0.0/8[tcp/443] (narrowed by the gateway)',
    '3 rekeys done',
    'in 1.4 MiB in 1200 packets, out 999 B in 1 packet, idle 4 s',
    'replay 2',
    'MTU 1400',
    'PEER_GONE: went',
  ])
    assert.ok(stdout.includes(part), `${part} is not in\n${stdout}`);
  assert.ok(!stdout.includes('\u001b'), 'text of a peer does not steer the terminal');
  assert.ok(!stdout.includes('integrity'), 'drops that never happened are left out');
  const json = await run(['status', 'office', '--json', '--socket', path]);
  assert.deepEqual(JSON.parse(json.stdout), JSON.parse(JSON.stringify(engine.snapshot())));
  const none = await run(['status', 'home', '--socket', path]);
  assert.equal(none.code, FAILURES.NOT_FOUND);
});

test('up FILE sends a document with its files in it, and warns', async (t) => {
  const { engine, path } = await serve(t);
  const home = folder(t);
  writeFileSync(join(home, 'me.pem'), PEM);
  writeFileSync(join(home, 'ca.der'), Uint8Array.of(0x30, 1, 5));
  const file = join(home, 'p.json');
  const auth = { certificate: 'me.pem', key: './me.pem' };
  writeFileSync(
    file,
    JSON.stringify({ ...PUBKEY_DOCUMENT, local: { auth }, remote: { anchors: ['ca.der'], id: '%any' } }),
  );
  const { code, stderr, stdout } = await run(['up', file, '--wait', '--socket', path]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^culvert: warning: remote\.id: %any/);
  assert.match(stdout, /office: ESTABLISHED/);
  const [, sent] = engine.calls[0] as [
    string,
    { profile: { local: { auth: unknown }; remote: { anchors: string[] } }; wait: boolean },
  ];
  assert.equal(sent.wait, true);
  assert.deepEqual(sent.profile.local.auth, { certificate: PEM, key: PEM });
  assert.match(sent.profile.remote.anchors[0] ?? '', /^-----BEGIN CERTIFICATE-----\nMAEF\n/);
});

test('a profile file that is no good is refused before the engine hears of it', async (t) => {
  const { engine, path } = await serve(t);
  const home = folder(t);
  const file = join(home, 'p.json');
  const refused = async (content: string, code: number, says: RegExp): Promise<void> => {
    writeFileSync(file, content);
    const ran = await run(['up', file, '--socket', path]);
    assert.equal(ran.code, code, ran.stderr);
    assert.match(ran.stderr, says);
    assert.equal(ran.stderr.trimEnd().split('\n').length, 1);
  };
  await refused(
    '{\n"psk": "the secret"\n',
    FAILURES.PROFILE_INVALID,
    /PROFILE_INVALID: .*p\.json is not JSON(?!.*the secret)/,
  );
  await refused(
    JSON.stringify({ ...PSK_DOCUMENT, gatway: 1 }),
    FAILURES.PROFILE_INVALID,
    /unknown key "gatway" \(did you mean "gateway"/,
  );
  await refused(
    JSON.stringify({ ...PUBKEY_DOCUMENT, remote: { anchors: ['nowhere.pem'] } }),
    FAILURES.PROFILE_INVALID,
    /remote\.anchors\[0\]: the file nowhere\.pem does not exist$/m,
  );
  const missing = await run(['up', join(home, 'other.json'), '--socket', path]);
  assert.equal(missing.code, FAILURES.NOT_FOUND);
  assert.deepEqual(engine.calls, []);
});

test('an interrupted up --wait calls the attempt off', async (t) => {
  const { engine, path } = await serve(t);
  engine.hang = true;
  const up = start(['up', 'office', '--wait', '--json', '--socket', path]);
  await until(() => engine.calls.length === 1, 'the attempt');
  up.process.kill('SIGINT');
  const { code, stdout } = await up.ran;
  assert.equal(code, FAILURES.CANCELLED);
  assert.equal(errorOf(stdout).code, 'CANCELLED');
  assert.deepEqual(engine.calls[1], ['down', { name: 'office' }]);
});

test('up --timeout gives up with the last reason', async (t) => {
  const { engine, path } = await serve(t);
  engine.hang = true;
  const lastFailure: Failure = {
    code: 'NO_PROPOSAL_CHOSEN',
    phase: 'IKE_SA_INIT',
    message: 'nothing in common',
    authenticated: false,
  };
  engine.tunnels = [{ ...TUNNEL, lastFailure }];
  const { code, stderr } = await run(['up', 'office', '--timeout', '1s', '--socket', path]);
  assert.equal(code, FAILURES.NO_PROPOSAL_CHOSEN);
  assert.match(stderr, /no usable tunnel within 1 s; the last attempt: nothing in common/);
  assert.deepEqual(engine.calls.at(-1), ['down', { name: 'office' }]);
});

test('the other commands reach the engine', async (t) => {
  const { engine, path } = await serve(t);
  engine.tunnels = [TUNNEL];
  engine.say('hello', { peer: '10.0.0.1' });
  const file = join(folder(t), 'p.json');
  writeFileSync(file, JSON.stringify(PSK_DOCUMENT));
  const on = ['--socket', path];
  const said = async (...args: string[]): Promise<string> => {
    const ran = await run([...args, ...on]);
    assert.equal(ran.code, 0, ran.stderr);
    return ran.stdout.trimEnd();
  };
  assert.equal(await said('profiles', 'add', file), 'stored office');
  assert.match(await said('profiles', 'list'), /^office\tvpn\.example\.com/);
  assert.equal(JSON.parse(await said('profiles', 'show', 'office')).local.auth.psk, '***');
  assert.deepEqual(JSON.parse(await said('profiles', 'remove', 'office', '--json')), { removed: 'office' });
  assert.equal(await said('rekey', 'office', '--child', 'net'), 'rekeying office: net');
  assert.deepEqual(engine.calls.at(-1), ['rekey', { name: 'office', what: 'child', child: 'net' }]);
  assert.equal(await said('rekey', 'office', '--reauth'), 'authenticating office again');
  assert.deepEqual(engine.calls.at(-1), ['reauthenticate', { name: 'office' }]);
  await said('rekey', 'office', '--json');
  assert.deepEqual(engine.calls.at(-1), ['rekey', { name: 'office', what: 'ike' }]);
  assert.equal(await said('down'), 'ended office');
  assert.match(await said('log'), /^2026-01-01T00:00:00\.000Z info {2}hello peer=10\.0\.0\.1$/);
  assert.equal(await said('repair'), 'removed route 10.0.0.0/8');
});

test('status --watch and log --follow go on until they are interrupted', async (t) => {
  const { engine, path } = await serve(t);
  engine.say('an old line');
  const watch = start(['status', '--watch', '--json', '--socket', path]);
  const log = start(['log', '--follow', '--socket', path]);
  await until(() => watch.stdout().includes('\n'), 'the first snapshot');
  await until(() => log.stdout().includes('an old line'), 'the tail');
  engine.tunnels = [TUNNEL];
  engine.change();
  engine.say('a new line');
  await until(() => watch.stdout().includes('ESTABLISHED'), 'the change');
  await until(() => log.stdout().includes('a new line'), 'the line');
  watch.process.kill('SIGINT');
  log.process.kill('SIGINT');
  assert.deepEqual([(await watch.ran).code, (await log.ran).code], [0, 0]);
  for (const line of watch.stdout().trimEnd().split('\n')) JSON.parse(line);
  await until(() => engine.listeners === 0, 'nobody listens');
});

test('a watch ends with the engine', async (t) => {
  const { path, server } = await serve(t);
  const watch = start(['status', '--watch', '--socket', path]);
  await until(() => watch.stdout().includes('no tunnels'), 'the first snapshot');
  await server.close();
  const { code } = await watch.ran;
  assert.equal(code, FAILURES.ENGINE_NOT_RUNNING);
});

test('the daemon itself: ready in one line, a clean end, no second one beside it', async (t) => {
  const state = folder(t);
  const first = start(['engine', '--json', '--state', state]);
  t.after(() => first.process.kill('SIGKILL'));
  await until(() => first.stdout().includes('\n'), 'ready');
  assert.equal((JSON.parse(first.stdout()) as { ready: boolean }).ready, true);
  const status = await run(['status', '--json', '--state', state]);
  assert.equal((JSON.parse(status.stdout) as { engine: { pid: number } }).engine.pid, first.process.pid);
  const second = await run(['engine', '--state', state]);
  assert.equal(second.code, FAILURES.USAGE);
  assert.match(second.stderr, /another engine/);
  first.process.kill('SIGTERM');
  const { code } = await first.ran;
  assert.equal(code, 0);
});

test('doctor: the report, and an exit code of its own when a check fails', async (t) => {
  const { engine, path } = await serve(t);
  const good = { id: 'a', title: 'Key', verdict: 'pass', text: 'It fits.', advice: [] } as const;
  const bad = { id: 'b', title: 'Dates', verdict: 'fail', text: 'Expired.', advice: ['Renew it.'] } as const;
  engine.checks = [good, { ...bad, id: 'c', verdict: 'warn' }];
  const fine = await run(['doctor', 'office', '--socket', path]);
  assert.equal(fine.code, 0, fine.stderr);
  assert.match(
    fine.stdout,
    /^ok +Key: It fits\.\nWARN +Dates: Expired\.\n +→ Renew it\.\n2 checks: 1 passed/,
  );
  engine.checks = [good, bad];
  const failed = await run(['doctor', 'office', '--online', '--connect', '--json', '--socket', path]);
  assert.equal(failed.code, FAILURES.CHECKS_FAILED);
  assert.deepEqual((JSON.parse(failed.stdout) as { checks: unknown[] }).checks, [good, bad]);
  assert.deepEqual(engine.calls.at(-1), ['doctor', { name: 'office', online: true, connect: true }]);
});

/** The engine's socket: methods, rights, limits, subscriptions, over a real unix socket. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { METHOD_NAMES, METHODS, type Right } from '../../../engine/api/commands.ts';
import { ApiError } from '../../../engine/api/failure.ts';
import {
  MAX_MESSAGE_OCTETS,
  MAX_PENDING_REQUESTS,
  MAX_WATCHES,
  REQUEST_BURST,
} from '../../../engine/api/limits.ts';
import type { Snapshot } from '../../../engine/api/snapshot.ts';
import { connectEngine } from '../../../engine/rpc/client.ts';
import { INFO, TUNNEL } from './fake-engine.ts';
import { folder, RawClient, serve } from './wire.ts';

const fails =
  (code: string, says: RegExp = /./) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof ApiError, String(error));
    assert.equal(error.failure.code, code, error.message);
    assert.match(error.message, says);
    return true;
  };

const soon = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(met: () => boolean, what: string, limit = 5000): Promise<void> {
  for (const end = Date.now() + limit; !met(); await soon(10)) assert.ok(Date.now() < end, `never: ${what}`);
}

test('every method reaches the engine and comes back checked', async (t) => {
  const { engine, path } = await serve(t);
  const client = await connectEngine(path);
  t.after(() => client.close());
  engine.tunnels = [TUNNEL];
  engine.say('hello', { n: 1 });
  assert.deepEqual(await client.call('engine.info', {}), INFO);
  assert.deepEqual((await client.call('snapshot.get', {})).tunnels, [TUNNEL]);
  assert.equal((await client.call('tunnel.up', { profile: 'office', wait: true })).name, 'office');
  assert.deepEqual(await client.call('tunnel.down', { name: 'office' }), { ended: ['office'] });
  assert.deepEqual(await client.call('tunnel.rekey', { name: 'office', what: 'child', child: 'net' }), {});
  assert.equal((await client.call('profiles.add', { profile: { name: 'x' } })).name, 'x');
  assert.equal((await client.call('profiles.list', {})).profiles[0]?.name, 'office');
  assert.equal((await client.call('profiles.get', { name: 'x' })).name, 'x');
  assert.deepEqual(await client.call('profiles.remove', { name: 'x' }), {});
  assert.equal((await client.call('profiles.export', { name: 'x', format: 'sswan' })).report.length, 1);
  const files = [{ name: 'a.p12', content: 'MAA=' }];
  assert.equal((await client.call('import.open', { files })).draft, 7);
  assert.equal((await client.call('import.unlock', { draft: 7, passphrase: 'p' })).wrongPassphrase, false);
  assert.equal((await client.call('import.store', { draft: 7, name: 'y' })).name, 'y');
  assert.deepEqual(await client.call('import.discard', { draft: 7 }), {});
  assert.equal((await client.call('log.tail', {})).lines[0]?.message, 'hello');
  assert.deepEqual(await client.call('host.repair', {}), { changes: ['removed route 10.0.0.0/8'] });
  assert.deepEqual(
    engine.calls.map((call) => (call as unknown[])[0]),
    [
      ...['up', 'down', 'rekey', 'addProfile', 'listProfiles', 'getProfile', 'removeProfile'],
      ...['profiles.export', 'import.open', 'import.unlock', 'import.store', 'import.discard', 'repair'],
    ],
  );
});

test("the engine's failures arrive whole; its accidents without their details", async (t) => {
  const { engine, path } = await serve(t);
  const client = await connectEngine(path);
  t.after(() => client.close());
  engine.failure = {
    code: 'PEER_CERTIFICATE',
    phase: 'IKE_AUTH',
    message: 'the certificate expired yesterday',
    authenticated: true,
    check: 'expired',
    advice: ['renew it'],
  };
  await assert.rejects(client.call('tunnel.up', { profile: 'office' }), (error) => {
    assert.ok(error instanceof ApiError);
    assert.deepEqual(error.failure, engine.failure);
    return true;
  });
  engine.failure = undefined;
  engine.snapshot = () => {
    throw new TypeError('inner detail');
  };
  await assert.rejects(
    client.call('snapshot.get', {}),
    fails('INTERNAL_ERROR', /^the engine failed inside; its log says how$/),
  );
});

test('parameters are strict and errors name the field', async (t) => {
  const { engine, path } = await serve(t);
  const raw = await RawClient.open(t, path);
  const cases: readonly (readonly [string, unknown, RegExp])[] = [
    ['tunnel.up', {}, /profile/],
    ['tunnel.up', { profile: '../etc' }, /profile/],
    ['tunnel.up', { profile: 'a', wait: 'yes' }, /wait/],
    ['tunnel.up', { profile: 'a', command: 'sh' }, /command/],
    ['tunnel.down', { name: 5 }, /name/],
    ['tunnel.rekey', { name: 'a', what: 'all' }, /what/],
    ['log.tail', { lines: 1e9 }, /lines/],
    ['profiles.get', ['x'], /params/],
    ['snapshot.get', { x: 1 }, /x/],
  ];
  for (const [i, [method, params, names]] of cases.entries()) {
    const { error } = await raw.call(i + 1, method, params);
    assert.equal(error?.code, -32602, method);
    assert.equal(error?.data?.code, 'USAGE');
    assert.match(error?.message ?? '', names);
  }
  const { error } = await raw.call(99, 'engine.stop');
  assert.equal(error?.code, -32601);
  assert.equal((await raw.call(100, 'constructor')).error?.code, -32601);
  assert.deepEqual(engine.calls, []);
});

test('each right allows its methods and the lesser ones', async (t) => {
  const rank = { read: 0, operate: 1, admin: 2 };
  const params: Record<string, unknown> = {
    'tunnel.up': { profile: 'a' },
    'tunnel.rekey': { name: 'a', what: 'ike' },
    'profiles.add': { profile: {} },
    'profiles.get': { name: 'a' },
    'profiles.remove': { name: 'a' },
    'snapshot.unwatch': { watch: 1 },
    'log.unfollow': { watch: 1 },
  };
  for (const held of ['read', 'operate', 'admin'] as const satisfies readonly Right[]) {
    const credentials = (): { pid: number; uid: number; gids: number[] } => ({
      pid: 1,
      uid: 12_345,
      gids: [50, 77],
    });
    const { path } = await serve(t, { credentials, ownUid: 1, groupId: 77, groupRight: held });
    const raw = await RawClient.open(t, path);
    for (const [i, method] of METHOD_NAMES.entries()) {
      const { error } = await raw.call(i, method, params[method]);
      const refused = error?.data?.code === 'NOT_PERMITTED';
      assert.equal(refused, rank[METHODS[method].right] > rank[held], `${held}: ${method}`);
    }
  }
});

test('secrets leave in an export by the right "admin" alone, drafts are made by it alone', async (t) => {
  const credentials = () => ({ pid: 1, uid: 12_345, gids: [77] });
  const { engine, path } = await serve(t, { credentials, ownUid: 1, groupId: 77, groupRight: 'operate' });
  const client = await connectEngine(path);
  t.after(() => client.close());
  const wanted = { name: 'office', format: 'gateway' } as const;
  assert.equal((await client.call('profiles.export', wanted)).fileName, 'office.gateway.conf');
  await assert.rejects(
    client.call('profiles.export', { ...wanted, passphrase: 'x' }),
    fails('NOT_PERMITTED', /with these parameters needs the right "admin"/),
  );
  await assert.rejects(
    client.call('import.open', { files: [{ name: 'a', content: '' }] }),
    fails('NOT_PERMITTED'),
  );
  assert.deepEqual(engine.calls, [['profiles.export', wanted]]);
});

test('who is nobody gets one typed refusal and is cut off', async (t) => {
  for (const credentials of [() => ({ pid: 1, uid: 12_345, gids: [50] }), () => undefined]) {
    const { engine, path } = await serve(t, { credentials, ownUid: 1, groupId: 77 });
    const raw = await RawClient.open(t, path);
    raw.request(1, 'engine.info', {});
    raw.request(2, 'tunnel.down', {});
    await raw.ended;
    assert.equal(raw.answers[0]?.error?.data?.code, 'NOT_PERMITTED');
    assert.equal(raw.answers.length, 1);
    assert.deepEqual(engine.calls, []);
    await assert.rejects(connectEngine(path), fails('NOT_PERMITTED', /user/));
  }
});

test('malformed messages are answered and end the connection, not the server', async (t) => {
  const { path, server } = await serve(t);
  const cases: readonly (readonly [string, number])[] = [
    ['Content-Length: 5\r\n\r\n{"a":', -32700],
    ['Content-Length: 2\r\n\r\n[]', -32600],
    [`Content-Length: ${MAX_MESSAGE_OCTETS + 1}\r\n\r\n`, -32600],
    ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', -32600],
    ['x'.repeat(5000), -32600],
  ];
  for (const [bytes, code] of cases) {
    const raw = await RawClient.open(t, path);
    raw.write(bytes);
    await raw.ended;
    assert.equal(raw.answers.length, 1, bytes.slice(0, 40));
    assert.equal(raw.answers[0]?.error?.code, code, bytes.slice(0, 40));
    assert.equal(raw.answers[0]?.id, null);
  }
  await until(() => server.clients === 0, 'all are gone');
  const client = await connectEngine(path);
  client.close();
});

test('requests beyond the burst wait, none is lost', async (t) => {
  const { path } = await serve(t);
  const raw = await RawClient.open(t, path);
  const total = REQUEST_BURST + 20;
  const start = performance.now();
  for (let i = 0; i < total; i++) raw.request(i, 'engine.info', {});
  await raw.answer((answer) => answer.id === total - 1);
  assert.equal(raw.answers.filter((answer) => answer.result !== undefined).length, total);
  assert.ok(performance.now() - start > 250, 'twenty more take some time');
});

test('unanswered requests are bounded', async (t) => {
  const { path, engine } = await serve(t);
  engine.hang = true;
  const raw = await RawClient.open(t, path);
  for (let i = 0; i < MAX_PENDING_REQUESTS; i++) raw.request(i, 'tunnel.up', { profile: 'a', wait: true });
  const { error } = await raw.call(1000, 'engine.info', {});
  assert.match(error?.message ?? '', /wait for an answer/);
  assert.equal(engine.calls.length, MAX_PENDING_REQUESTS);
});

test('a snapshot comes at once, after a change, and not more often than agreed', async (t) => {
  const { path, engine } = await serve(t);
  const client = await connectEngine(path);
  t.after(() => client.close());
  const seen: Snapshot[] = [];
  client.onSnapshot((snapshot) => seen.push(snapshot));
  assert.equal(engine.listeners, 0);
  const { watch } = await client.call('snapshot.watch', {});
  await until(() => seen.length === 1, 'the first snapshot');
  assert.equal(engine.listeners, 2);
  engine.tunnels = [TUNNEL];
  const start = performance.now();
  while (performance.now() - start < 700) {
    engine.change();
    await soon(5);
  }
  assert.ok(seen.length >= 3 && seen.length <= 6, `${seen.length} snapshots in 0.7 s`);
  assert.equal(seen.at(-1)?.tunnels.length, 1);
  await client.call('snapshot.unwatch', { watch });
  await until(() => engine.listeners === 0, 'nobody listens');
  await assert.rejects(client.call('snapshot.unwatch', { watch }), fails('NOT_FOUND'));
});

test('the log is followed without a gap and without a line twice', async (t) => {
  const { path, engine } = await serve(t);
  const client = await connectEngine(path);
  t.after(() => client.close());
  for (let i = 0; i < 5; i++) engine.say(`line ${i}`);
  const heard: string[] = [];
  client.onLog((log) => heard.push(...log.lines.map((line) => line.message)));
  const { lines } = await client.call('log.follow', { lines: 2 });
  for (let i = 5; i < 8; i++) engine.say(`line ${i}`);
  await until(() => heard.length === 3, 'the new lines');
  assert.deepEqual(
    [...lines.map((line) => line.message), ...heard],
    [3, 4, 5, 6, 7].map((i) => `line ${i}`),
  );
});

test('watches are bounded', async (t) => {
  const { path } = await serve(t);
  const client = await connectEngine(path);
  t.after(() => client.close());
  for (let i = 0; i < MAX_WATCHES; i++) await client.call('snapshot.watch', {});
  await assert.rejects(client.call('snapshot.watch', {}), fails('USAGE', /watches/));
});

test('a watcher that does not read is dropped, others go on', async (t) => {
  const { path, engine, server } = await serve(t, { stallMs: 300 });
  engine.padding = 'x'.repeat(1_000_000);
  const slow = await RawClient.open(t, path);
  const watched = await slow.call(1, 'snapshot.watch', {});
  assert.ok(watched.result);
  slow.socket.pause();
  const client = await connectEngine(path);
  t.after(() => client.close());
  await until(() => {
    engine.change();
    return server.clients === 1;
  }, 'the slow one is gone');
  assert.equal((await client.call('engine.info', {})).pid, INFO.pid);
});

test('a live engine keeps its socket; a dead one leaves it to the next', async (t) => {
  const path = join(folder(t), 'engine.sock');
  const first = await serve(t, { path });
  await assert.rejects(serve(t, { path }), fails('USAGE', /already serves/));
  const client = await connectEngine(path);
  client.close();
  await first.server.close();
  // A process that was killed leaves its socket behind.
  const leftover = join(folder(t), 'engine.sock');
  const listen =
    'require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))';
  spawnSync(process.execPath, ['-e', listen, leftover]);
  assert.ok(statSync(leftover).isSocket());
  await serve(t, { path: leftover });
  (await connectEngine(leftover)).close();
});

test('what is no socket is left alone', async (t) => {
  const path = join(folder(t), 'file');
  writeFileSync(path, 'mine');
  await assert.rejects(serve(t, { path }), fails('USAGE', /not a socket/));
  assert.equal(statSync(path).size, 4);
  await assert.rejects(serve(t, { path: join(path, 'engine.sock') }), fails('USAGE'));
  await assert.rejects(serve(t, { path: join(folder(t), 'x'.repeat(120)) }), fails('USAGE', /longer/));
});

test('folder and socket are for the owner and the group alone', async (t) => {
  const path = join(folder(t), 'run', 'engine.sock');
  await serve(t, { path });
  assert.equal(statSync(path).mode & 0o777, 0o660);
  assert.equal(statSync(join(path, '..')).mode & 0o777, 0o750);
  const open = join(folder(t), 'open');
  mkdirSync(open);
  chmodSync(open, 0o755);
  await serve(t, { path: join(open, 'engine.sock') });
  assert.equal(statSync(open).mode & 0o777, 0o755, 'a folder that was there is not ours to change');
});

test('the client says what is wrong with the engine', async (t) => {
  const path = join(folder(t), 'engine.sock');
  await assert.rejects(connectEngine(path), fails('ENGINE_NOT_RUNNING', /ENOENT/));
  const served = await serve(t, { path });
  served.engine.info = () => ({ ...INFO, api: { major: 99, minor: 0 } });
  await assert.rejects(connectEngine(path), fails('NOT_SUPPORTED', /version 99/));
  served.engine.info = () => ({ ...INFO, pid: -1 });
  await assert.rejects(connectEngine(path), fails('INTERNAL_ERROR', /not as agreed: pid/));
  const other = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  const elsewhere = join(folder(t), 'other.sock');
  await new Promise<void>((resolve) => other.listen(elsewhere, resolve));
  t.after(() => other.close());
  await assert.rejects(connectEngine(elsewhere), fails('INTERNAL_ERROR'));
});

test('requests under way end when the engine goes', async (t) => {
  const { path, engine, server } = await serve(t);
  engine.hang = true;
  const client = await connectEngine(path);
  const pending = client.call('tunnel.up', { profile: 'a', wait: true }, { timeoutMs: 0 });
  const refused = assert.rejects(pending, fails('ENGINE_NOT_RUNNING'));
  await until(() => engine.calls.length === 1, 'the request arrived');
  await server.close();
  await refused;
  await assert.rejects(client.call('engine.info', {}), fails('ENGINE_NOT_RUNNING'));
});

test('an engine that does not answer in time is named', async (t) => {
  const { path, engine } = await serve(t);
  engine.hang = true;
  const client = await connectEngine(path);
  t.after(() => client.close());
  await assert.rejects(
    client.call('tunnel.up', { profile: 'a', wait: true }, { timeoutMs: 50 }),
    fails('INTERNAL_ERROR', /did not answer tunnel\.up within 0\.05 s/),
  );
});

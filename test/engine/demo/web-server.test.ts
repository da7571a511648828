/** The loopback server of the browser bridge: whom it answers, what it refuses, and that no request brings it down. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { Outcome } from '../../../electron/bridge/contract.ts';
import { METHOD_NAMES } from '../../../engine/api/commands.ts';
import { startWebServer, type WebServer } from '../../../engine/demo/web-server.ts';
import { type DemoEngine, startDemoEngine } from '../../../engine/demo-ui.ts';

let folder: string;
let engine: DemoEngine;
let web: WebServer;
let cookie: string;

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const url = new URL(web.origin);
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: url.hostname, port: url.port, path, method: options.method ?? 'GET', headers: options.headers },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(options.body);
  });
}

const post = (value: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  ask('/bridge', {
    method: 'POST',
    headers: { cookie, origin: web.origin, 'content-type': 'application/json', ...headers },
    body: typeof value === 'string' ? value : JSON.stringify(value),
  });

const outcome = (answer: Answer): Outcome<unknown> => JSON.parse(answer.body) as Outcome<unknown>;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'culvert-web-'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><html><head></head></html>');
  writeFileSync(join(folder, 'browser-bridge.js'), '');
  writeFileSync(join(folder, 'secret.key'), 'not served');
  engine = await startDemoEngine({ version: '0', chatter: false });
  web = await startWebServer({ renderer: folder, socket: engine.socket, version: '0' });
  const entered = await ask(web.entrance().slice(web.origin.length));
  cookie = String(entered.headers['set-cookie']?.[0]).split(';')[0] ?? '';
});
after(async () => {
  await web.close();
  await engine.close();
  rmSync(folder, { recursive: true });
});

test('a token opens the door once', async () => {
  const entrance = web.entrance().slice(web.origin.length);
  const first = await ask(entrance);
  assert.equal(first.status, 303);
  assert.match(String(first.headers['set-cookie']), /HttpOnly; SameSite=Strict/);
  assert.equal((await ask(entrance)).status, 401);
  assert.equal((await ask('/?token=')).status, 401);
  assert.equal((await ask('/')).status, 401, 'nobody without a cookie');
  assert.equal((await ask('/', { headers: { cookie: `${cookie}0` } })).status, 401);
});

test('only this host, this origin, this site', async () => {
  const port = new URL(web.origin).port;
  for (const host of [`localhost:${port}`, `evil.example:${port}`, '127.0.0.1', `127.0.0.1.nip.io:${port}`])
    assert.equal((await ask('/', { headers: { cookie, host } })).status, 421, host);
  for (const origin of ['http://evil.example', 'null', `http://localhost:${port}`])
    assert.equal((await post({ op: 'about' }, { origin })).status, 403, origin);
  assert.equal((await ask('/', { headers: { cookie, 'sec-fetch-site': 'cross-site' } })).status, 403);
  const bare = await ask('/bridge', {
    method: 'POST',
    headers: { cookie, 'content-type': 'application/json' },
    body: '{"op":"about"}',
  });
  assert.equal(bare.status, 403, 'a request that does something names its origin');
  assert.equal((await post({ op: 'about' }, { 'content-type': 'text/plain' })).status, 415);
});

test('the page has a policy without exceptions, and nothing outside the renderer is served', async () => {
  const page = await ask('/', { headers: { cookie } });
  assert.equal(page.status, 200);
  const policy = String(page.headers['content-security-policy']);
  assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'/);
  assert.doesNotMatch(policy, /unsafe|\*|http/);
  assert.match(page.body, /<script type="module" src="\.\/browser-bridge\.js">/);
  for (const path of [
    '/secret.key',
    '/../package.json',
    '/%2e%2e/package.json',
    '//etc/passwd',
    '/index.html',
  ])
    assert.equal((await ask(path, { headers: { cookie } })).status, 404, path);
});

test('arbitrary requests get typed refusals, and the server lives on', async () => {
  const junk = fc.oneof(
    fc.json(),
    fc.string(),
    fc
      .record({
        op: fc.constantFrom('about', 'call', 'followLog', 'setSettings', 'startEngine', '__proto__'),
      })
      .map((v) => JSON.stringify(v)),
    fc.anything().map((v) => JSON.stringify({ op: 'setSettings', change: v }) ?? ''),
  );
  await fc.assert(
    fc.asyncProperty(junk, async (body) => {
      const answer = await post(body);
      assert.equal(answer.status, 200);
      const result = outcome(answer);
      if (result.ok) return;
      assert.equal(result.failure.code, 'USAGE');
      assert.equal(typeof result.failure.message, 'string');
    }),
    { numRuns: 150 },
  );
});

test('every method, called with arbitrary parameters, answers or refuses by code', async () => {
  const names = [...METHOD_NAMES, 'toString', '__proto__', 'constructor', ''];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), fc.jsonValue(), async (method, params) => {
      const result = outcome(await post({ op: 'call', method, params }));
      if (result.ok) return;
      assert.match(result.failure.code, /^[A-Z_]+$/);
      assert.notEqual(result.failure.code, 'INTERNAL_ERROR', `${method} ${JSON.stringify(params)}`);
    }),
    { numRuns: 200 },
  );
  for (const method of ['snapshot.watch', 'snapshot.unwatch', 'log.follow', 'log.unfollow']) {
    const result = outcome(await post({ op: 'call', method, params: {} }));
    assert.ok(!result.ok && result.failure.code === 'USAGE', `${method} is the shell's own`);
  }
  const info = outcome(await post({ op: 'call', method: 'engine.info', params: {} }));
  assert.ok(info.ok, 'the engine still answers');
});

test('a request that is too long is refused', async () => {
  const result = outcome(await post({ op: 'call', method: 'x'.repeat(1_100_000), params: {} }));
  assert.ok(!result.ok);
  assert.match(result.failure.message, /octets/);
});

/** The engine's log: JSON lines, rotation, the latest lines in memory. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Secret } from '../../../engine/base/secret.ts';
import { LogRing, openLog } from '../../../engine/os/log.ts';

function logFile(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'culvert-log-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return join(made, 'state', 'engine.log');
}

const linesOf = (file: string): Record<string, unknown>[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('lines are JSON with their fields; lower levels are kept in memory alone', (t) => {
  const file = logFile(t);
  const { log, ring, flush } = openLog({ level: 'info', file });
  const tunnel = log.with({ tunnel: 'office' });
  log.debug('in memory');
  tunnel.warn('lost', { n: 3, nothing: undefined });
  tunnel.with({ child: 'net' }).error('gone', { tunnel: 'home' });
  flush();
  const written = linesOf(file);
  assert.deepEqual(
    written.map(({ level, message, tunnel, child, n }) => ({ level, message, tunnel, child, n })),
    [
      { level: 'warn', message: 'lost', tunnel: 'office', child: undefined, n: 3 },
      { level: 'error', message: 'gone', tunnel: 'home', child: 'net', n: undefined },
    ],
  );
  assert.deepEqual(
    ring.tail(10).map(({ sequence, message, fields }) => ({ sequence, message, fields })),
    [
      { sequence: 0, message: 'in memory', fields: {} },
      { sequence: 1, message: 'lost', fields: { tunnel: 'office', n: 3 } },
      { sequence: 2, message: 'gone', fields: { tunnel: 'home', child: 'net' } },
    ],
  );
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('a secret that ends up in a line is no secret any more, only stars', (t) => {
  const file = logFile(t);
  const { log, flush } = openLog({ level: 'info', file });
  log.info(`the key is ${new Secret(new TextEncoder().encode('hunter2'))}`);
  flush();
  assert.match(readFileSync(file, 'utf8'), /the key is \*\*\*/);
});

test('the file is rotated by size, nothing is lost at the seam', (t) => {
  const file = logFile(t);
  const { log, flush } = openLog({ level: 'info', file, rotateAt: 2000 });
  for (let i = 0; i < 40; i++) log.info(`line ${i}`);
  flush();
  assert.ok(statSync(file).size < 2200 && statSync(`${file}.1`).size < 2200);
  const all = [...linesOf(`${file}.1`), ...linesOf(file)].map((line) => line.message);
  assert.equal(all.at(-1), 'line 39');
  assert.deepEqual(
    all,
    [...all.keys()].map((i) => `line ${40 - all.length + i}`),
  );
});

test('the ring keeps the latest lines and tells listeners until they stop', () => {
  const ring = new LogRing(3);
  const heard: number[] = [];
  const stop = ring.onLine((line) => heard.push(line.sequence));
  for (let i = 0; i < 10; i++) {
    if (i === 8) stop();
    ring.add({ time: '', level: 'info', message: `${i}`, fields: {} });
  }
  assert.deepEqual(heard, [0, 1, 2, 3, 4, 5, 6, 7]);
  const sequences = (count: number, after?: number): number[] =>
    ring.tail(count, after).map((line) => line.sequence);
  assert.deepEqual(
    [sequences(100), sequences(2), sequences(0), sequences(100, 8), sequences(1, 3)],
    [[7, 8, 9], [8, 9], [], [9], [9]],
  );
});

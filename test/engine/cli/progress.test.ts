/** What `up --wait` and `status` say of attempts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttemptSnapshot } from '../../../engine/api/attempt.ts';
import type { TunnelSnapshot } from '../../../engine/api/snapshot.ts';
import { Progress } from '../../../engine/cli/progress.ts';
import { tunnelText } from '../../../engine/cli/status-text.ts';
import { TUNNEL } from '../rpc/fake-engine.ts';

const TIME = '2026-03-01T10:00:00.000Z';
const failed = (number: number, address: string): AttemptSnapshot => ({
  number,
  time: TIME,
  address,
  port: 4500,
  outcome: 'failed',
  durationMs: 8000,
  code: 'NO_ANSWER',
  message: 'no answer so far',
});
const trying = (number: number, address: string): AttemptSnapshot => ({
  number,
  time: TIME,
  address,
  port: 4500,
  outcome: 'trying',
});
const tunnel = (
  recentAttempts: readonly AttemptSnapshot[],
  more: Partial<TunnelSnapshot> = {},
): TunnelSnapshot => ({
  ...TUNNEL,
  state: 'CONNECTING',
  usable: false,
  recentAttempts,
  attempts: recentAttempts.at(-1)?.number ?? 0,
  ...more,
});

test('each failed address is said once, with its reason, and the wait once an attempt', () => {
  const lines: string[] = [];
  const progress = new Progress(TUNNEL.name, (line) => lines.push(line));
  const look = (...tunnels: TunnelSnapshot[]): void => progress.look({ tunnels });
  look();
  look(tunnel([trying(1, '192.0.2.1')]));
  assert.deepEqual(lines, []);
  const first = failed(1, '2001:db8::1');
  look(tunnel([first, trying(1, '192.0.2.1')]));
  look(tunnel([first, trying(1, '192.0.2.1')]));
  assert.deepEqual(lines, ['attempt 1, [2001:db8::1]:4500, after 8 s: NO_ANSWER: no answer so far']);
  const both = [first, failed(1, '192.0.2.1')];
  for (const secondsToRetry of [4, 3]) look(tunnel(both, { secondsToRetry }));
  assert.deepEqual(lines.slice(1), [
    'attempt 1, 192.0.2.1:4500, after 8 s: NO_ANSWER: no answer so far',
    'the next attempt is in 4 s; interrupt to give up',
  ]);
});

test('the failure that ends it is the command’s own, and an earlier `up` is over', () => {
  const lines: string[] = [];
  const progress = new Progress(TUNNEL.name, (line) => lines.push(line));
  progress.look({ tunnels: [tunnel([failed(1, '192.0.2.1')])] });
  progress.look({ tunnels: [tunnel([failed(1, '192.0.2.1'), failed(2, '192.0.2.1')])] });
  assert.deepEqual(lines, []);
});

test('status shows what failed since the tunnel was last up', () => {
  const text = tunnelText(
    tunnel([
      failed(1, '192.0.2.1'),
      { ...trying(1, '192.0.2.2'), outcome: 'connected' },
      failed(2, '192.0.2.3'),
    ]),
    TIME,
  );
  assert.match(text, /attempt 2, 192\.0\.2\.3:4500, after 8 s: NO_ANSWER/);
  assert.ok(!text.includes('192.0.2.1:4500, after'));
});

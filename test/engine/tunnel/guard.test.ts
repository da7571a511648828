/** What a tunnel's kill switch protects, by its plan. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrefix, prefixRange } from '../../../engine/base/ip.ts';
import { guardState, guardsEverything, keepsLocal, protectedBy } from '../../../engine/tunnel/guard.ts';
import type { TunnelPlan } from '../../../engine/tunnel/plan.ts';

type Part = Parameters<typeof protectedBy>[0];

const prefix = (text: string) => {
  const parsed = parsePrefix(text);
  assert.ok(parsed, text);
  return parsed;
};
const plan = (remote: readonly string[], extra: readonly string[] = []): Part =>
  ({
    children: [
      {
        remote: remote.map((text) =>
          text === 'dynamic'
            ? text
            : { protocol: 0, startPort: 0, endPort: 65535, ...prefixRange(prefix(text)) },
        ),
      },
    ],
    extraRoutes: extra.map(prefix),
  }) as unknown as Part;

test('a whole family means everything of both', () => {
  assert.equal(protectedBy(plan(['0.0.0.0/0'])), 'everything');
  assert.equal(protectedBy(plan(['::/0', '10.0.0.0/8'])), 'everything');
  assert.equal(protectedBy(plan(['10.0.0.0/8'], ['0.0.0.0/0'])), 'everything');
});

test('networks are protected as they are asked for, once each', () => {
  assert.deepEqual(protectedBy(plan(['10.0.0.0/8', 'dynamic', 'fd00::/8'], ['10.0.0.0/8'])), [
    '10.0.0.0/8',
    'fd00::/8',
  ]);
});

test('no guard where the profile wants none', () => {
  const whole = {
    ...plan(['0.0.0.0/0']),
    port: 4500,
    killSwitch: { mode: 'off', allowLocal: true },
  } as unknown as TunnelPlan;
  assert.equal(guardState(whole, ['192.0.2.1'], null), undefined);
  assert.deepEqual(
    guardState({ ...whole, killSwitch: { mode: 'always', allowLocal: true } }, ['b', 'a', 'b'], null),
    {
      mode: 'always',
      allowLocal: true,
      protect: 'everything',
      gateways: ['a', 'b'],
      ports: [4500],
      tunnel: null,
    },
  );
});

test('a machine’s own networks stay outside only where everything else is kept in', () => {
  const keeps = (remote: string, mode: TunnelPlan['killSwitch']['mode'], allowLocal: boolean): boolean =>
    keepsLocal({ ...plan([remote]), killSwitch: { mode, allowLocal } } as unknown as TunnelPlan);
  assert.equal(keeps('0.0.0.0/0', 'while-up', true), true);
  assert.equal(keeps('0.0.0.0/0', 'while-up', false), false);
  assert.equal(keeps('0.0.0.0/0', 'off', true), false);
  assert.equal(keeps('10.0.0.0/8', 'always', true), false);
});

test('only a guard of everything leaves no other name server', () => {
  const guards = (remote: string, mode: TunnelPlan['killSwitch']['mode']): boolean =>
    guardsEverything({ ...plan([remote]), killSwitch: { mode, allowLocal: true } } as unknown as TunnelPlan);
  assert.equal(guards('0.0.0.0/0', 'while-up'), true);
  assert.equal(guards('0.0.0.0/0', 'off'), false);
  assert.equal(guards('10.0.0.0/8', 'always'), false);
});

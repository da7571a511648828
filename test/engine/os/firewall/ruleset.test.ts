/** The kill switch's rules as text, and as a kernel takes them. What they do to packets is an interop scenario. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import type { FirewallWish, GuardState } from '../../../../engine/os/firewall/port.ts';
import { removalScript, rulesetScript } from '../../../../engine/os/firewall/ruleset.ts';
import { requireOrSkip } from '../../../support/require.ts';

const guard: GuardState = {
  mode: 'while-up',
  protect: 'everything',
  gateways: ['192.0.2.1', '2001:db8::1', 'not an address; drop'],
  ports: [4500, 1234],
  allowLocal: true,
  tunnel: { interface: 'culvert0', dns: ['10.0.0.53', '2001:db8::53'] },
};
const wish = (...guards: readonly GuardState[]): FirewallWish => ({
  kind: 'guards',
  guards: new Map(guards.map((g, i) => [`p${i}`, g])),
});
const linesOf = (text: string): string[] => text.split('\n').map((line) => line.trim());

test('what is no address or interface name never becomes a rule', () => {
  const hostile = { ...guard, tunnel: { interface: 'x" accept; #', dns: ['1.2.3.4 accept'] } };
  const text = rulesetScript('t', wish({ ...hostile, protect: ['10.0.0.0/8', '0.0.0.0/0 accept'] }));
  assert.doesNotMatch(text, /not an address|x"|1\.2\.3\.4| 0\.0\.0\.0/);
});

test('everything: gateway and tunnel, then its resolvers only, then local networks, then nothing', () => {
  const lines = linesOf(rulesetScript('t', wish(guard)));
  const order = [
    'ip daddr { 192.0.2.1 } udp dport { 500, 4500, 1234 } accept',
    'oifname "culvert0" ip daddr 10.0.0.53 th dport { 53, 853 } accept',
    'oifname "culvert0" meta l4proto { tcp, udp } th dport { 53, 853 } drop',
    'oifname "culvert0" accept',
    'counter drop',
  ].map((line) => lines.indexOf(line));
  assert.ok(!order.includes(-1), JSON.stringify(order));
  assert.deepEqual(
    order,
    [...order].sort((a, b) => a - b),
  );
});

test('one guard that forbids local networks is enough', () => {
  const has = (...guards: readonly GuardState[]): boolean =>
    rulesetScript('t', wish(...guards)).includes('192.168.0.0/16');
  assert.equal(has(guard), true);
  assert.equal(has(guard, { ...guard, allowLocal: false }), false);
  assert.equal(has(guard, { ...guard, protect: ['10.0.0.0/8'], allowLocal: false }), true);
});

test('a guard of some networks leaves the rest alone', () => {
  const text = rulesetScript('t', wish({ ...guard, protect: ['10.1.2.3/8', '2001:db8::/32'] }));
  assert.match(text, /ip daddr \{ 10\.0\.0\.0\/8 \} counter drop/);
  assert.match(text, /ip6 daddr \{ 2001:db8::\/32 \} counter drop/);
  assert.doesNotMatch(text, /^\s*counter drop$/m);
});

test('the kernel takes every kind of rules, replaces them at once and forgets them', (t) => {
  if (!requireOrSkip(t, { root: true, namespaces: true, commands: ['nft', 'unshare'], files: [] })) return;
  const table = 'culvert4500';
  const wishes: readonly FirewallWish[] = [
    wish(guard),
    wish({ ...guard, tunnel: null, allowLocal: false }, { ...guard, protect: ['10.0.0.0/8'], gateways: [] }),
    wish({ ...guard, protect: ['fd00::/8', '10.0.0.0/8', '10.1.0.0/16'] }),
    { kind: 'closed' },
  ];
  const script = [
    'set -e',
    ...wishes.map((w) => `nft -f - <<'EOF'\n${rulesetScript(table, w)}EOF`),
    `nft list tables`,
    `nft -f - <<'EOF'\n${removalScript(table)}EOF`,
    `nft -f - <<'EOF'\n${removalScript(table)}EOF`,
    'nft list tables',
    'echo end',
  ].join('\n');
  const said = execFileSync('unshare', ['--net', 'sh', '-c', script], { encoding: 'utf8' });
  assert.equal(said, `table inet ${table}\nend\n`);
});

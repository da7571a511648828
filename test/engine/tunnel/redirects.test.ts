/** Which gateways a tunnel lets others send it to, and when it has been sent on too often (RFC 5685 §5). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instant } from '../../../engine/base/brand.ts';
import type { Failure } from '../../../engine/base/failure.ts';
import { parsePrefix } from '../../../engine/base/ip.ts';
import type { RedirectTarget } from '../../../engine/ike/contract.ts';
import { endOf, isTrusted, Redirects } from '../../../engine/tunnel/redirects.ts';

const HOSTS = ['VPN.example.com.', '192.0.2.1', '2001:DB8::1'];
const redirects = {
  follow: true,
  to: {
    names: ['gw2.example.net', '*.pool.example.org'],
    prefixes: ['198.51.100.0/24', '2001:db8:1::/48'].map((text) => parsePrefix(text) ?? assert.fail(text)),
  },
};
const name = (text: string): RedirectTarget => ({ kind: 'name', text });
const address = (text: string): RedirectTarget => ({ kind: 'address', text });
const at = (seconds: number): Instant => (seconds * 1000) as Instant;
const sent = (target: RedirectTarget, from = '192.0.2.1') =>
  ({ kind: 'redirect', target, phase: 'IKE_SA_INIT', from }) as const;

const REDIRECTED: Failure = { code: 'REDIRECTED', phase: 'IKE_SA_INIT', message: '', authenticated: false };

test('trusted without anybody who vouches: the own hosts, and what the profile names', () => {
  for (const target of [
    name('vpn.example.com'),
    name('gw2.example.net'),
    name('a.pool.example.org'),
    name('a.b.pool.example.org'),
    address('192.0.2.1'),
    address('2001:db8::1'),
    address('198.51.100.77'),
    address('2001:db8:1::5'),
  ])
    assert.equal(isTrusted(HOSTS, redirects, target), true, target.text);
  for (const target of [
    name('example.com'),
    name('evil-vpn.example.com'),
    name('pool.example.org'),
    name('apool.example.org'),
    name('gw2.example.net.evil.test'),
    address('192.0.2.2'),
    address('198.51.101.1'),
    address('2001:db8:2::5'),
  ])
    assert.equal(isTrusted(HOSTS, redirects, target), false, target.text);
});

function setting(plan = { hosts: HOSTS, redirects }) {
  const said: string[] = [];
  const clock = { seconds: 0, left: 0 };
  const mine = new Redirects(
    {
      plan,
      world: { scheduler: { now: () => at(clock.seconds) } },
      events: { note: (_level, _topic, text) => void said.push(text) },
    },
    () => void clock.left++,
  );
  return { mine, said, clock };
}

test('the policy knows what the names mean now, and who has sent us until we have arrived', () => {
  const { mine } = setting();
  assert.equal(mine.policy([])?.trusts(address('203.0.113.5')), false);
  assert.equal(mine.policy(['203.0.113.5'])?.trusts(address('203.0.113.5')), true);
  assert.equal(mine.policy([])?.from, undefined);
  assert.deepEqual(mine.hosts, HOSTS);
  mine.take(sent(name('gw2.example.net')));
  assert.deepEqual([mine.hosts, mine.policy([])?.from], [['gw2.example.net'], '192.0.2.1']);
  mine.arrived();
  assert.deepEqual([mine.hosts, mine.policy([])?.from], [['gw2.example.net'], undefined]);
  mine.forget();
  assert.deepEqual(mine.hosts, HOSTS);
  const stays = setting({ hosts: HOSTS, redirects: { ...redirects, follow: false } });
  assert.equal(stays.mine.policy([]), undefined);
});

test('five within five minutes, and no more; a gateway that names itself is none', () => {
  const { mine, clock } = setting();
  const next = (n: number) => {
    clock.seconds = n;
    return endOf(REDIRECTED, mine.take(sent(address(`198.51.100.${n}`))));
  };
  for (let n = 1; n <= 5; n++) assert.equal(next(n)?.code, 'REDIRECTED');
  const loop = next(6);
  assert.deepEqual([loop?.code, loop?.check, loop?.authenticated], ['REDIRECT_REFUSED', 'loop', false]);
  assert.deepEqual(mine.hosts, ['198.51.100.5'], 'nothing has changed');
  mine.forget();
  assert.equal(next(7)?.check, 'loop', 'forgetting where we were sent is no way around');
  clock.seconds = 301;
  assert.equal(mine.take(sent(address('198.51.100.9')))?.code, 'REDIRECTED', 'the first is long ago');
  clock.seconds = 9999;
  assert.equal(mine.take(sent(address('198.51.100.9'), '198.51.100.9'))?.check, 'loop');
});

test('why a session has ended: sent away, unless something else came between', () => {
  const loop: Failure = { ...REDIRECTED, code: 'REDIRECT_REFUSED' };
  assert.equal(endOf(REDIRECTED, loop), loop);
  assert.equal(endOf(undefined, loop), loop);
  assert.equal(endOf({ ...REDIRECTED, code: 'PEER_GONE' }, loop)?.code, 'PEER_GONE');
  assert.equal(endOf(undefined, undefined), undefined);
});

test('while connected: gone over to the other gateway, or stayed with when it leads in circles', () => {
  const { mine, said, clock } = setting();
  const later = (target: RedirectTarget) => mine.take({ ...sent(target), phase: 'established' });
  mine.arrived();
  assert.equal(later(address('203.0.113.1')), undefined, 'the session goes on');
  assert.deepEqual([clock.left, mine.hosts, mine.underWay], [1, ['203.0.113.1'], true]);
  assert.equal(mine.policy([])?.from, '192.0.2.1');
  assert.equal(later(address('192.0.2.1')), undefined);
  assert.equal(clock.left, 1);
  assert.match(said[0] ?? '', /not followed: .* sends us to itself/);
});

test('nobody there: the gateway in use stays ours, and goes if it has gone', () => {
  const { mine } = setting();
  const later = (target: RedirectTarget) => mine.take({ ...sent(target), phase: 'established' });
  mine.arrived();
  later(address('203.0.113.1'));
  mine.arrived();
  assert.equal(mine.underWay, false);
  later(address('203.0.113.2'));
  mine.stay();
  assert.deepEqual([mine.underWay, mine.hosts, mine.policy([])?.from], [false, ['203.0.113.1'], undefined]);
  assert.equal(mine.depart(), false, 'nobody has sent us away');
  later(address('203.0.113.3'));
  assert.equal(mine.depart(), true);
  mine.stay();
  assert.deepEqual([mine.hosts, mine.policy([])?.from], [['203.0.113.3'], '192.0.2.1']);
});

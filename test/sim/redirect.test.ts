/** REDIRECT between two sessions (RFC 5685): when we call, once both are known, and later on; and what is not followed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FollowRedirects, IkeConfig, RedirectTarget } from '../../engine/ike/contract.ts';
import { readRedirect, redirectNotify } from '../../engine/ike/parts/redirect.ts';
import { decodeMessage, encodeMessage } from '../../engine/wire/codec.ts';
import { find, findNotify, notify } from '../../engine/wire/find.ts';
import { Exchange, NotifyType } from '../../engine/wire/registry.ts';
import { CLIENT_PATH } from './configs.ts';
import { World } from './world.ts';

const TARGET: RedirectTarget = { kind: 'address', text: '192.0.2.2' };
const NAME: RedirectTarget = { kind: 'name', text: 'gw2.culvert.test' };
const follows = (trusted = true, from?: string): FollowRedirects => ({
  trusts: () => trusted,
  ...(from === undefined ? {} : { from }),
});

const world = (followRedirects: FollowRedirects | undefined, sendAway?: IkeConfig['sendAway']): World =>
  new World({
    initiator: {
      retransmission: { timeout: 500, base: 1.5, jitter: 0, tries: 4 } as never,
      ...(followRedirects ? { followRedirects } : {}),
    },
    responder: sendAway ? { sendAway } : {},
  });

const requestsOf = (w: World) =>
  w.sent.filter(({ from }) => from === 'i').map(({ bytes }) => decodeMessage(bytes));

for (const target of [TARGET, NAME, { kind: 'address', text: '2001:db8::2' } as const])
  test(`IKE_SA_INIT: a trusted target is followed at once: ${target.text}`, () => {
    const asked: RedirectTarget[] = [];
    const w = world({ trusts: (one) => asked.push(one) > 0 }, { at: 'IKE_SA_INIT', target }).start();
    w.run(100);
    assert.deepEqual(asked, [target]);
    const [told] = w.of('i', 'redirect');
    assert.deepEqual(told, {
      kind: 'redirect',
      target,
      phase: 'IKE_SA_INIT',
      from: CLIENT_PATH.remote.address,
    });
    const failure = w.closed('i')?.failure;
    assert.deepEqual([failure?.code, failure?.authenticated], ['REDIRECTED', false]);
    assert.equal(w.closed('r')?.failure?.code, 'REDIRECTED');
    assert.equal(
      w.exchanges('i').some((line) => line.startsWith('IKE_AUTH')),
      false,
    );
  });

test('IKE_SA_INIT: a target that nobody vouches for is a hint, and a genuine answer wins', () => {
  const w = world(follows(false), { at: 'IKE_SA_INIT', target: TARGET }).start();
  w.run(10_000);
  assert.equal(w.of('i', 'redirect').length, 0);
  const failure = w.closed('i')?.failure;
  assert.deepEqual([failure?.code, failure?.phase], ['REDIRECT_REFUSED', 'IKE_SA_INIT']);
  assert.match(failure?.message ?? '', /192\.0\.2\.2, which the profile does not name/);
});

test('IKE_SA_INIT: somebody who has not seen our nonce changes nothing', () => {
  for (const nonce of [undefined, new Uint8Array(32), new Uint8Array(16)]) {
    const w: World = new World({
      initiator: { followRedirects: follows() },
      filter: (from, sent) => {
        const message = decodeMessage(sent.bytes);
        if (from !== 'r' || message.exchange !== Exchange.IKE_SA_INIT) return true;
        // The forged one is faster than the true one.
        const bytes = encodeMessage(message, [redirectNotify(TARGET, nonce)]);
        w.arrive('r', { ...sent, bytes });
        return true;
      },
    });
    w.connect();
    assert.equal(w.of('i', 'redirect').length, 0);
    assert.ok(w.notes('i').some((text) => /REDIRECT without our nonce/.test(text)));
    w.assertSameChildren(1);
  }
});

test('IKE_SA_INIT: one who saw the nonce can send us only where the profile trusts, and cannot stop us otherwise', () => {
  const w: World = new World({
    initiator: { followRedirects: follows(false) },
    filter: (from, sent) => {
      const message = decodeMessage(sent.bytes);
      const nonce = find(message.payloads, 'Nonce');
      if (from !== 'i' || message.exchange !== Exchange.IKE_SA_INIT || !nonce) return true;
      const answer = { ...message, response: true, initiator: false };
      w.arrive('r', {
        bytes: encodeMessage(answer, [redirectNotify(TARGET, nonce.data)]),
        path: { local: sent.path.remote, remote: sent.path.local },
        encapsulated: true,
      });
      return true;
    },
  });
  w.connect();
  assert.equal(w.of('i', 'redirect').length, 0);
  w.assertSameChildren(1);
});

test('IKE_AUTH: the peer has proved itself, so that any target is followed, and the IKE SA is deleted', () => {
  const w = world(follows(false), { at: 'IKE_AUTH', target: NAME }).start();
  w.run(3000);
  const [told] = w.of('i', 'redirect');
  assert.deepEqual([told?.target, told?.phase], [NAME, 'IKE_AUTH']);
  const failure = w.closed('i')?.failure;
  assert.deepEqual([failure?.code, failure?.authenticated], ['REDIRECTED', true]);
  assert.equal(w.closed('r')?.failure?.code, 'PEER_DELETED');
  assert.equal(w.of('i', 'install-child').length, 0);
  assert.equal(w.of('i', 'assigned').length, 0);
});

test('later: the owner is told, and the IKE SA lives until its owner has another', () => {
  const w = world(follows(false)).connect();
  w.feed('r', { kind: 'command', command: { kind: 'redirect', target: TARGET } });
  w.run(1000);
  const [told] = w.of('i', 'redirect');
  assert.deepEqual(
    [told?.target, told?.phase, told?.from],
    [TARGET, 'established', CLIENT_PATH.remote.address],
  );
  assert.equal(w.state('i'), 'ESTABLISHED');
  w.assertSameChildren(1);
});

test('a peer that does not follow is not sent away, and says nothing of following', () => {
  const w = world(undefined, { at: 'IKE_AUTH', target: TARGET }).connect();
  w.feed('r', { kind: 'command', command: { kind: 'redirect', target: TARGET } });
  w.run(1000);
  w.assertSameChildren(1);
  assert.equal(w.of('i', 'redirect').length, 0);
  for (const { payloads } of requestsOf(w))
    for (const type of [NotifyType.REDIRECT_SUPPORTED, NotifyType.REDIRECTED_FROM])
      assert.equal(findNotify(payloads, type), undefined);
});

test('the next gateway hears who has sent us, in place of REDIRECT_SUPPORTED', () => {
  for (const from of ['198.51.100.7', '2001:db8::7']) {
    const w = world(follows(true, from)).connect();
    const [init] = requestsOf(w);
    assert.equal(findNotify(init?.payloads ?? [], NotifyType.REDIRECT_SUPPORTED), undefined);
    const said = findNotify(init?.payloads ?? [], NotifyType.REDIRECTED_FROM);
    assert.deepEqual(readRedirect(said?.data ?? new Uint8Array(0))?.target, { kind: 'address', text: from });
    // Its answer may send us on.
    w.feed('r', { kind: 'command', command: { kind: 'redirect', target: TARGET } });
    w.run(1000);
    assert.equal(w.of('i', 'redirect').length, 1);
  }
  const plain = world(follows()).connect();
  const [init] = requestsOf(plain);
  assert.deepEqual(
    findNotify(init?.payloads ?? [], NotifyType.REDIRECT_SUPPORTED),
    notify(NotifyType.REDIRECT_SUPPORTED),
  );
});

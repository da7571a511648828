/** Childless initiation (RFC 6023): IKE_AUTH without a CHILD_SA, and the first one with a key exchange of its own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IkeConfig } from '../../engine/ike/contract.ts';
import { childConfig, proposals, selector } from './configs.ts';
import { World } from './world.ts';

type Word = NonNullable<IkeConfig['childless']>;

const world = (initiator: Word, responder: Word): World =>
  new World({ initiator: { childless: initiator }, responder: { childless: responder } });

const requests = (w: World): string[] =>
  w.exchanges('i').filter((line) => /^(IKE_AUTH|CREATE_CHILD_SA) request/.test(line));

for (const word of ['force', 'prefer'] as const)
  test(`${word}: no child in IKE_AUTH, then one with PFS from the start`, () => {
    const w = world(word, 'allow').connect();
    w.run(1000);
    const [auth, child, ...more] = requests(w);
    assert.doesNotMatch(auth ?? '', /\bSA\b|TSi|TSr/);
    assert.match(auth ?? '', /CP\b/, 'the address is asked for in IKE_AUTH all the same');
    assert.match(child ?? '', /^CREATE_CHILD_SA request .*KE/);
    assert.deepEqual(more, []);
    w.assertSameChildren(1);
    assert.notEqual(w.sessions.i.view().children[0]?.keMethod, 0);
    assert.equal(w.of('i', 'assigned').length, 1);
  });

for (const word of ['allow', 'never'] as const)
  test(`${word}: the first child comes with IKE_AUTH`, () => {
    const w = world(word, 'allow').connect();
    assert.deepEqual(requests(w).length, 1);
    w.assertSameChildren(1);
    assert.equal(w.sessions.i.view().children[0]?.keMethod, 0);
  });

test('a gateway that does not take it: prefer goes on as usual, force ends before it has said who it is', () => {
  const usual = world('prefer', 'never').connect();
  usual.assertSameChildren(1);
  assert.equal(requests(usual).length, 1);
  const forced = world('force', 'never').start();
  forced.run(60_000);
  const failure = forced.closed('i')?.failure;
  assert.deepEqual([failure?.code, failure?.phase], ['NOT_SUPPORTED', 'IKE_SA_INIT']);
  assert.deepEqual(requests(forced), []);
});

test('a responder that forces it refuses a child in IKE_AUTH', () => {
  const w = world('allow', 'force').start();
  w.run(60_000);
  assert.equal(w.closed('i')?.failure?.code, 'INVALID_SYNTAX');
});

test('without its first child the connection is none, and both ends know', () => {
  const w = new World({
    initiator: {
      childless: 'force',
      children: [childConfig({ proposals: proposals('esp', 'aes256gcm16') })],
    },
  }).start();
  w.run(60_000);
  const failure = w.closed('i')?.failure;
  assert.deepEqual([failure?.code, failure?.phase], ['NO_PROPOSAL_CHOSEN', 'CREATE_CHILD_SA']);
  assert.equal(w.closed('r')?.failure?.code, 'PEER_DELETED');
});

test('several children are all made after it', () => {
  const two = selector('10.100.0.0/16');
  const w = new World({
    initiator: {
      childless: 'force',
      children: [childConfig(), childConfig({ name: 'other', remote: [two] })],
    },
    responder: {
      children: [
        childConfig({ local: [selector('10.99.0.0/16')], remote: ['dynamic'] }),
        childConfig({ name: 'other', local: [two], remote: ['dynamic'] }),
      ],
    },
  }).connect();
  w.run(2000);
  w.assertSameChildren(2);
});

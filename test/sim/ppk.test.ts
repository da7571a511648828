/** Post-quantum pre-shared keys (RFC 8784), message by message: mandatory and optional, with and without a peer that has it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex, utf8 } from '../../engine/base/bytes.ts';
import { Secret } from '../../engine/base/secret.ts';
import type { PpkConfig } from '../../engine/ike/contract.ts';
import { World, type WorldOptions } from './world.ts';

const ppk = (
  required: boolean,
  id = 'ppk.culvert.test',
  text = 'thirty-two octets of quantum salt',
): PpkConfig => {
  const secret = new Secret(utf8(text));
  return { id: utf8(id), secret: () => secret, required };
};
const world = (i: PpkConfig | undefined, r: PpkConfig | undefined, more: WorldOptions = {}): World =>
  new World({
    ...more,
    initiator: { ...more.initiator, ...(i ? { ppk: i } : {}) },
    responder: { ...more.responder, ...(r ? { ppk: r } : {}) },
  });
const inUse = (w: World): unknown[] => [w.sessions.i.view().ppk, w.sessions.r.view().ppk];

test('both demand it: named in IKE_AUTH, confirmed by an empty PPK_IDENTITY, no proof without it', () => {
  const w = world(ppk(true), ppk(true)).connect();
  const lines = w.exchanges('i');
  assert.match(lines[0] ?? '', /N\(USE_PPK\)/);
  assert.match(lines[1] ?? '', /N\(USE_PPK\)/);
  assert.match(lines[2] ?? '', /N\(PPK_IDENTITY 17B\)/);
  assert.doesNotMatch(lines[2] ?? '', /NO_PPK_AUTH/);
  assert.match(lines[3] ?? '', /N\(PPK_IDENTITY\)/);
  assert.deepEqual(inUse(w), [true, true]);
  w.assertSameChildren(1);
});

test('the PPK changes the keys of children and of everything after a rekey', () => {
  const keys = (w: World): string =>
    toHex(w.of('i', 'install-child').at(-1)?.pair.keys.outEncr as Uint8Array);
  const [plain, mixed] = [world(undefined, undefined).connect(), world(ppk(true), ppk(true)).connect()];
  // The same seeds: without the PPK the two would be the same to the last octet.
  assert.equal(keys(plain), keys(world(undefined, undefined).connect()));
  assert.notEqual(keys(plain), keys(mixed));
  for (const [who, what] of [
    ['i', 'rekey-ike'],
    ['r', 'rekey-ike'],
    ['i', 'rekey-child'],
  ] as const) {
    const id = mixed.sessions.i.view().children[0]?.id ?? 0;
    mixed.feed(who, { kind: 'command', command: what === 'rekey-ike' ? { kind: what } : { kind: what, id } });
    mixed.run(10_000);
    mixed.assertSameIke();
    mixed.assertSameChildren(1);
    assert.deepEqual(inUse(mixed), [true, true]);
  }
  assert.equal(mixed.sessions.i.view().generation, 2);
});

test('optional at the initiator, unknown to the responder: both go on without', () => {
  const w = world(ppk(false), undefined).connect();
  assert.match(w.exchanges('i')[0] ?? '', /N\(USE_PPK\)/);
  assert.doesNotMatch(w.exchanges('i').slice(1).join(), /PPK/);
  assert.deepEqual(inUse(w), [false, undefined]);
  w.assertSameChildren(1);
});

test('optional, and the responder has another identity: the proof without PPK counts', () => {
  const w = world(ppk(false), ppk(false, 'other.culvert.test')).connect();
  assert.match(w.exchanges('i')[2] ?? '', /N\(PPK_IDENTITY 17B\) N\(NO_PPK_AUTH 32B\)/);
  assert.doesNotMatch(w.exchanges('i')[3] ?? '', /PPK/);
  assert.deepEqual(inUse(w), [false, false]);
  w.assertSameChildren(1);
});

test('a proof without PPK that is wrong is refused', () => {
  const other = new Secret(utf8('another secret'));
  const w = world(ppk(false), ppk(false, 'other.culvert.test'), {
    initiator: { localAuth: { kind: 'psk', secret: other } },
  });
  w.start().run(20_000);
  assert.equal(w.closed('r')?.failure?.code, 'PEER_AUTHENTICATION_FAILED');
  assert.equal(w.closed('i')?.failure?.code, 'AUTHENTICATION_FAILED');
});

test('demanded by the initiator, unknown to the responder: nothing of IKE_AUTH is sent', () => {
  const w = world(ppk(true), undefined);
  w.start().run(40_000);
  assert.equal(w.closed('i')?.failure?.code, 'PPK_REQUIRED');
  assert.doesNotMatch(w.exchanges('i').join(), /IKE_AUTH/);
});

test('demanded by the responder: whoever does without it is refused', () => {
  const w = world(undefined, ppk(true));
  w.start().run(20_000);
  assert.deepEqual(
    [w.closed('i')?.failure?.code, w.closed('r')?.failure?.code],
    ['AUTHENTICATION_FAILED', 'PPK_REQUIRED'],
  );
  assert.equal(w.of('r', 'install-child').length, 0);
});

test('demanded by the initiator, another identity at the responder: refused', () => {
  const w = world(ppk(true), ppk(false, 'other.culvert.test'));
  w.start().run(20_000);
  assert.deepEqual(
    [w.closed('i')?.failure?.code, w.closed('r')?.failure?.code],
    ['AUTHENTICATION_FAILED', 'PPK_REQUIRED'],
  );
});

test('the same identity and another key: neither believes the other', () => {
  for (const required of [true, false]) {
    const w = world(ppk(required), ppk(required, 'ppk.culvert.test', 'something else altogether'));
    w.start().run(20_000);
    assert.equal(w.closed('r')?.failure?.code, 'PEER_AUTHENTICATION_FAILED');
    assert.equal(w.closed('i')?.failure?.code, 'AUTHENTICATION_FAILED');
    assert.equal(w.of('i', 'install-child').length, 0);
  }
});

test('with signatures: one over each set of keys, the second only where the PPK is optional', () => {
  const chain = [Uint8Array.of(0x30, 0)];
  const remoteAuth = { kind: 'pubkey', authorities: new Uint8Array(0) } as const;
  for (const required of [true, false]) {
    const w = world(ppk(required), ppk(required), {
      initiator: { localAuth: { kind: 'pubkey', chain }, remoteAuth },
      responder: { localAuth: { kind: 'pubkey', chain }, remoteAuth },
      sign: (_, effect) => ({ ok: true, method: 14, data: effect.octets.slice(-32) }),
      verify: (_, effect) =>
        toHex(effect.signature) === toHex(effect.octets.slice(-32))
          ? { ok: true, subject: 'peer' }
          : {
              ok: false,
              failure: { code: 'PEER_CERTIFICATE', phase: 'IKE_AUTH', message: 'no', authenticated: false },
            },
    }).connect();
    assert.equal(w.of('i', 'sign').length, required ? 1 : 2);
    assert.deepEqual(inUse(w), [true, true]);
  }
});

test('loss, duplicates and disorder change nothing', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const network = { loss: 0.25, reorder: 0.3, duplicate: 0.2, latency: 20 };
    const w = world(ppk(false), ppk(seed % 2 === 0, seed % 3 === 0 && seed % 2 ? 'other' : undefined), {
      seed,
      network,
    });
    w.start().until(
      () => (w.state('i') === 'ESTABLISHED' && w.state('r') === 'ESTABLISHED') || w.closed('i') !== undefined,
      200_000,
    );
    if (w.closed('i')) continue;
    w.network = { ...network, loss: 0 };
    w.run(1000);
    w.assertSameChildren(1);
    assert.deepEqual(inUse(w), seed % 3 === 0 && seed % 2 ? [false, false] : [true, true]);
  }
});

test('no octet of the PPK is in any note', () => {
  const w = world(ppk(true), ppk(true)).connect();
  assert.doesNotMatch([...w.notes('i'), ...w.notes('r')].join('\n'), /quantum salt/);
});

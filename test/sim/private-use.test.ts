/** Transform numbers of private use go with strongSwan's vendor ID, and count for nothing without it (RFC 7296 §3.12). */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { toHex } from '../../engine/base/bytes.ts';
import { decodeMessage, encodeMessage } from '../../engine/wire/codec.ts';
import { Exchange } from '../../engine/wire/registry.ts';
import { childConfig, proposals, selector } from './configs.ts';
import { World } from './world.ts';

const PRIVATE = 'serpent256-sha256-x25519';
const PUBLIC = 'aes128-sha256-x25519';
const ESP = 'twofish128-sha256_96-x25519';

const sides = (i: string, r: string, espI: string, espR: string): World =>
  new World({
    initiator: {
      proposals: proposals('ike', ...i.split(',')),
      children: [childConfig({ proposals: proposals('esp', ...espI.split(',')) })],
    },
    responder: {
      proposals: proposals('ike', ...r.split(',')),
      children: [
        childConfig({
          proposals: proposals('esp', ...espR.split(',')),
          local: [selector('10.99.0.0/16')],
          remote: ['dynamic'],
        }),
      ],
    },
  });

const vendors = (world: World, index: number): string[] =>
  decodeMessage(world.sent[index]?.bytes as Uint8Array).payloads.flatMap((p) =>
    p.kind === 'Vendor' ? [toHex(p.data)] : [],
  );

test('the vendor ID is strongSwan’s, on both sides, and only where such numbers are configured', () => {
  const id = createHash('md5').update('strongSwan').digest('hex');
  const world = sides(PRIVATE, PRIVATE, ESP, ESP).connect();
  assert.deepEqual([vendors(world, 0), vendors(world, 1)], [[id], [id]]);
  assert.equal(world.sessions.i.view().suite?.cipher.encr, 1026);
  world.assertSameChildren(1);
  const plain = sides(PUBLIC, `${PRIVATE},${PUBLIC}`, 'aes128gcm16', 'aes128gcm16').connect();
  assert.deepEqual([vendors(plain, 0), vendors(plain, 1)], [[], []]);
});

test('a responder takes no such number from a peer that is not strongSwan', () => {
  const world = sides(`${PRIVATE},${PUBLIC}`, `${PRIVATE},${PUBLIC}`, ESP, ESP);
  // As if the initiator were of another vendor, which uses 1026 for something else.
  world.filter = (from, sent) => {
    const message = decodeMessage(sent.bytes);
    if (from === 'r' || message.exchange !== Exchange.IKE_SA_INIT) return true;
    const payloads = message.payloads.filter((p) => p.kind !== 'Vendor');
    world.arrive(from, { ...sent, bytes: encodeMessage(message, payloads) });
    return false;
  };
  world.start().run(5_000);
  const chosen = world.of('r', 'note').find((n) => n.text.startsWith('IKE SA uses'));
  assert.match(chosen?.text ?? '', /AES_CBC_128/);
});

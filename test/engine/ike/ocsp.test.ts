/** OCSP responses inside of IKE (RFC 4806): both sides ask, both get what the other's world has. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Effect, LocalAuth, RemoteAuth } from '../../../engine/ike/contract.ts';
import { World } from '../../sim/world.ts';

const CHAIN: LocalAuth = { kind: 'pubkey', chain: [Uint8Array.of(1, 2, 3)] };
const remote = (askOcsp: boolean): RemoteAuth => ({
  kind: 'pubkey',
  authorities: new Uint8Array(20),
  askOcsp,
});
const RESPONSES = { i: [Uint8Array.of(11)], r: [Uint8Array.of(22), Uint8Array.of(33)] };

function connect(askOcsp: boolean): { world: World; asked: Effect[]; verified: Effect[] } {
  const asked: Effect[] = [];
  const verified: Effect[] = [];
  const world = new World({
    initiator: { localAuth: CHAIN, remoteAuth: remote(askOcsp) },
    responder: { localAuth: CHAIN, remoteAuth: remote(askOcsp) },
    sign: (who, effect) => {
      asked.push(effect);
      return {
        ok: true,
        method: 14,
        data: Uint8Array.of(1),
        ...(effect.wantsOcsp ? { ocsp: RESPONSES[who] } : {}),
      };
    },
    verify: (_who, effect) => {
      verified.push(effect);
      return { ok: true, subject: 'x' };
    },
  }).connect();
  return { world, asked, verified };
}

const ocspOf = (effects: readonly Effect[]): unknown[] =>
  effects.map((effect) => effect.kind === 'verify-peer' && effect.ocsp);

test('each side answers the request of the other', () => {
  const { world, asked, verified } = connect(true);
  assert.deepEqual(
    asked.map((effect) => effect.kind === 'sign' && effect.wantsOcsp === true),
    [true, true],
  );
  assert.deepEqual(ocspOf(verified), [RESPONSES.i, RESPONSES.r]);
  assert.match(world.exchanges('i').join('\n'), /CERTREQ\(.*CERTREQ\(/);
});

test('nobody asks, nobody is sent any', () => {
  const { asked, verified } = connect(false);
  assert.ok(asked.every((effect) => effect.kind === 'sign' && !effect.wantsOcsp));
  assert.deepEqual(ocspOf(verified), [[], []]);
});

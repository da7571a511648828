/** EAP together with a post-quantum pre-shared key (RFC 8784 §3): it is in the last AUTH payloads, not in the first. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../../../engine/base/bytes.ts';
import { Secret } from '../../../../engine/base/secret.ts';
import type { PpkConfig } from '../../../../engine/ike/contract.ts';
import type { SimpleName } from '../../../../engine/ike/eap/method.ts';
import { AuthMethod } from '../../../../engine/wire/registry.ts';
import { World } from '../../../sim/world.ts';

const NONE = new Uint8Array(0);
const password = new Secret(utf8('a password'));
const ppk = (required: boolean, key = 'the key of both'): PpkConfig => ({
  id: utf8('q'),
  secret: () => new Secret(utf8(key)),
  required,
});

function world(method: SimpleName, ours: PpkConfig | undefined, theirs: PpkConfig | undefined): World {
  return new World({
    initiator: {
      localAuth: { kind: 'eap', methods: [method], identity: 'carol', username: 'carol', password },
      remoteAuth: { kind: 'pubkey', authorities: NONE },
      ...(ours ? { ppk: ours } : {}),
    },
    responder: {
      localAuth: { kind: 'pubkey', chain: [utf8('certificate')] },
      remoteAuth: {
        kind: 'eap',
        authorities: NONE,
        eap: { methods: [method], password: () => password },
      },
      ...(theirs ? { ppk: theirs } : {}),
    },
    sign: () => ({ ok: true, method: AuthMethod.DIGITAL_SIGNATURE, data: utf8('signature') }),
    verify: () => ({ ok: true, subject: 'CN=gw' }),
  });
}

for (const method of ['mschapv2', 'md5'] as const) {
  test(`${method}: both hold the key, demanded or not`, () => {
    for (const required of [true, false]) {
      const w = world(method, ppk(required), ppk(required)).connect();
      assert.equal(w.sessions.i.view().ppk, true);
      assert.equal(w.sessions.r.view().ppk, true);
      w.assertSameChildren(1);
      const [first] = w.exchanges('i').filter((line) => line.startsWith('IKE_AUTH response 1'));
      assert.doesNotMatch(first ?? '', /PPK/);
    }
  });

  test(`${method}: optional, and one of them without it`, () => {
    const alone = world(method, ppk(false), undefined).connect();
    assert.equal(alone.sessions.i.view().ppk, false);
    const other = world(method, undefined, ppk(false)).connect();
    assert.equal(other.sessions.r.view().ppk, false);
  });

  test(`${method}: another key, or none where it is demanded`, () => {
    const wrong = world(method, ppk(true), ppk(true, 'another key'));
    wrong.start().run(30_000);
    assert.ok(wrong.closed('i')?.failure, 'refused');
    const lacking = world(method, ppk(true), undefined);
    lacking.start().run(30_000);
    assert.equal(lacking.closed('i')?.failure?.code, 'PPK_REQUIRED');
    const demanding = world(method, undefined, ppk(true));
    demanding.start().run(30_000);
    assert.equal(demanding.closed('r')?.failure?.code, 'PPK_REQUIRED');
  });
}

/** MS-CHAPv2 against RFC 2759 §9.2 and RFC 3079 §3.5.3. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHex, toHex, utf8 } from '../../../../engine/base/bytes.ts';
import { Secret } from '../../../../engine/base/secret.ts';
import {
  authenticatorResponse,
  mschapv2Msk,
  ntResponse,
  passwordHashes,
} from '../../../../engine/ike/eap/mschapv2-hashes.ts';
import { sha1 } from './sha1.ts';

const password = new Secret(utf8('clientPass'));
const challenges = {
  server: fromHex('5b5d7c7d7b3f2f3e3c2c602132262628'),
  peer: fromHex('21402324255e262a28295f2b3a337c7e'),
};
const RESPONSE = '82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df';

test('RFC 2759 §9.2: hashes, NT-Response, authenticator response', () => {
  const hashes = passwordHashes({ password });
  assert.equal(toHex(hashes.once), '44ebba8d5312b8d611474411f56989ae');
  assert.equal(toHex(hashes.twice), '41c00c584bd2d91c4017a2a12fa59f3f');
  for (const name of ['User', 'DOMAIN\\User']) {
    const response = ntResponse(sha1, challenges, name, hashes);
    assert.equal(toHex(response), RESPONSE);
    assert.equal(
      authenticatorResponse(sha1, challenges, name, hashes, response),
      'S=407A5589115FD0D6209F510FE9C04566932CDA56',
    );
  }
});

test('RFC 3079 §3.5.3: the send start key of the server is the second half of the MSK', () => {
  const msk = mschapv2Msk(sha1, passwordHashes({ password }), fromHex(RESPONSE));
  assert.equal(msk.length, 64);
  assert.equal(toHex(msk.subarray(16, 32)), '8b7cdc149b993a1ba118cb153f56dccb');
  assert.equal(toHex(msk.subarray(32)), '00'.repeat(32));
});

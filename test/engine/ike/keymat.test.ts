/** SKEYSEED of PRFs whose key is short (RFC 7296 §2.14, RFC 4434 §2). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, toHex } from '../../../engine/base/bytes.ts';
import { firstSkeyseed } from '../../../engine/ike/keymat.ts';
import { nodeProvider } from '../../../engine/os/crypto/node.ts';
import { Prf } from '../../../engine/wire/registry.ts';

const initiator = Uint8Array.from({ length: 32 }, (_, i) => i);
const responder = Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i);
const shared = new Uint8Array(32).fill(7);

test('AES-XCBC and AES-CMAC take eight octets of each nonce, HMAC all of them', () => {
  const short = concat(initiator.subarray(0, 8), responder.subarray(0, 8));
  const long = concat(initiator, responder);
  for (const [prf, key] of [
    [Prf.AES128_XCBC, short],
    [Prf.AES128_CMAC, short],
    [Prf.HMAC_SHA2_256, long],
  ] as const)
    assert.equal(
      toHex(firstSkeyseed(nodeProvider, prf, { initiator, responder }, shared)),
      toHex(nodeProvider.prf(prf, key, shared)),
    );
});

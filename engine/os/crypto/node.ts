/**
 * node:crypto as a provider: the fallback for packets, and what the control plane uses for everything else.
 */
import { createHash, createHmac } from 'node:crypto';
import { checkKeys } from '../../crypto/checks.ts';
import { type CipherSuite, CryptoError, type CryptoProvider, type PacketCipher } from '../../crypto/port.ts';
import { cipherSizes, hashName, PRF_ROWS } from '../../crypto/suites.ts';
import { nodeAead, nodeEncryptThenMac } from './node-cipher.ts';
import { answerNodeKeyExchange, beginNodeKeyExchange, nodeHasKeyExchange } from './node-key-exchange.ts';
import { nodeDigestName } from './node-names.ts';

function cipher(suite: CipherSuite, encrKey: Uint8Array, integKey: Uint8Array): PacketCipher {
  const sizes = checkKeys(suite, encrKey, integKey);
  return suite.integ === 0
    ? nodeAead(suite, sizes, encrKey)
    : nodeEncryptThenMac(suite, sizes, encrKey, integKey);
}

function digestOfPrf(prf: number): string | undefined {
  const row = PRF_ROWS.get(prf);
  return row && nodeDigestName(row.hash);
}

export const nodeProvider: CryptoProvider = {
  name: 'node',
  supportsCipher: (suite) => cipherSizes(suite) !== undefined,
  supportsKeyExchange: nodeHasKeyExchange,
  supportsPrf: (prf) => digestOfPrf(prf) !== undefined,
  prf(prf, key, ...data) {
    const digest = digestOfPrf(prf);
    if (digest === undefined) throw new CryptoError('unsupported', `PRF ${prf}`);
    const hmac = createHmac(digest, key);
    for (const part of data) hmac.update(part);
    return new Uint8Array(hmac.digest());
  },
  hash(hash, ...data) {
    const digest = nodeDigestName(hash);
    if (digest === undefined) throw new CryptoError('unsupported', `hash ${hashName(hash)}`);
    const state = createHash(digest);
    for (const part of data) state.update(part);
    return new Uint8Array(state.digest());
  },
  cipher,
  beginKeyExchange: beginNodeKeyExchange,
  answerKeyExchange: answerNodeKeyExchange,
};

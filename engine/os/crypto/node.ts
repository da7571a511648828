/**
 * node:crypto as a provider: the fallback for packets, and what the control plane uses for everything else.
 */
import { createHash } from 'node:crypto';
import { PRF_ROWS } from '../../crypto/algorithms.ts';
import type { Mac } from '../../crypto/packets.ts';
import { CryptoError, type CryptoProvider } from '../../crypto/port.ts';
import { prfOf } from '../../crypto/prf-keys.ts';
import { hashName, prfName } from '../../crypto/suites.ts';
import { nodeCipher, nodeHasCipher } from './node-cipher.ts';
import { answerNodeKeyExchange, beginNodeKeyExchange, nodeHasKeyExchange } from './node-key-exchange.ts';
import { nodeMac } from './node-mac.ts';
import { nodeDigestName } from './node-names.ts';

function findPrf(prf: number): Mac | undefined {
  const name = PRF_ROWS.get(prf)?.mac;
  const mac = name && nodeMac(name);
  return mac && prfOf(name, mac);
}

export const nodeProvider: CryptoProvider = {
  name: 'node',
  supportsCipher: nodeHasCipher,
  supportsKeyExchange: nodeHasKeyExchange,
  supportsPrf: (prf) => findPrf(prf) !== undefined,
  prf(prf, key, ...data) {
    const compute = findPrf(prf);
    if (!compute) throw new CryptoError('unsupported', prfName(prf));
    return compute(key, ...data);
  },
  hash(hash, ...data) {
    const digest = nodeDigestName(hash);
    if (digest === undefined) throw new CryptoError('unsupported', `hash ${hashName(hash)}`);
    const state = createHash(digest);
    for (const part of data) state.update(part);
    return new Uint8Array(state.digest());
  },
  cipher: nodeCipher,
  beginKeyExchange: beginNodeKeyExchange,
  answerKeyExchange: answerNodeKeyExchange,
};

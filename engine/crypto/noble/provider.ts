/**
 * The reference provider: pure TypeScript on the noble libraries. Slow, readable, runs anywhere; the other
 * providers are proven against it.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { concat } from '../../base/bytes.ts';
import { CryptoError, type CryptoProvider } from '../port.ts';
import { cipherSizes, hashName, PRF_ROWS, prfName } from '../suites.ts';
import { nobleCipher } from './cipher.ts';
import { nobleHash } from './hash.ts';
import { answerNobleKeyExchange, beginNobleKeyExchange, nobleHasKeyExchange } from './key-exchange.ts';

export const nobleProvider: CryptoProvider = {
  name: 'noble',
  supportsCipher: (suite) => cipherSizes(suite) !== undefined,
  supportsKeyExchange: nobleHasKeyExchange,
  supportsPrf: (prf) => PRF_ROWS.has(prf),
  prf(prf, key, ...data) {
    const hash = nobleHash(PRF_ROWS.get(prf)?.hash ?? 0);
    if (!hash) throw new CryptoError('unsupported', prfName(prf));
    return hmac(hash, key, concat(...data));
  },
  hash(number, ...data) {
    const hash = nobleHash(number);
    if (!hash) throw new CryptoError('unsupported', hashName(number));
    return hash(concat(...data));
  },
  cipher: nobleCipher,
  beginKeyExchange: beginNobleKeyExchange,
  answerKeyExchange: answerNobleKeyExchange,
};

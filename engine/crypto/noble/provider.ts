/**
 * The reference provider: pure TypeScript on the noble libraries. Slow, readable, runs anywhere; the other
 * providers are proven against it.
 */
import { concat } from '../../base/bytes.ts';
import { PRF_ROWS } from '../algorithms.ts';
import { CryptoError, type CryptoProvider } from '../port.ts';
import { prfOf } from '../prf-keys.ts';
import { hashName, prfName } from '../suites.ts';
import { nobleCipher, nobleHasCipher } from './cipher.ts';
import { nobleHash } from './hash.ts';
import { answerNobleKeyExchange, beginNobleKeyExchange, nobleHasKeyExchange } from './key-exchange.ts';
import { nobleMac } from './mac.ts';

export const nobleProvider: CryptoProvider = {
  name: 'noble',
  supportsCipher: nobleHasCipher,
  supportsKeyExchange: nobleHasKeyExchange,
  supportsPrf: (prf) => PRF_ROWS.has(prf),
  prf(prf, key, ...data) {
    const name = PRF_ROWS.get(prf)?.mac;
    const mac = name && nobleMac(name);
    if (!mac) throw new CryptoError('unsupported', prfName(prf));
    return prfOf(name, mac)(key, ...data);
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

/** Every provider of packet protection, PRF and key exchange, for tests that hold all of them to the same answers. */
import { ENCR_ROWS, INTEG_ROWS } from '../../../../engine/crypto/algorithms.ts';
import { KE_ROWS } from '../../../../engine/crypto/key-exchange-methods.ts';
import { nobleProvider } from '../../../../engine/crypto/noble/provider.ts';
import type { CipherSuite, CryptoProvider, RandomSource } from '../../../../engine/crypto/port.ts';
import { nodeProvider } from '../../../../engine/os/crypto/node.ts';
import { openSslProvider } from '../../../../engine/os/crypto/openssl.ts';

const openssl = openSslProvider(null);
const documented = openSslProvider(null, 'documented');
if (!openssl || !documented) throw new Error('this Node executable does not export OpenSSL');

export const PROVIDERS: readonly CryptoProvider[] = [
  nobleProvider,
  nodeProvider,
  openssl,
  { ...documented, name: 'openssl, documented functions' },
];

/** Those of them that have a suite. */
export const having = (suite: CipherSuite): readonly CryptoProvider[] =>
  PROVIDERS.filter((p) => p.supportsCipher(suite));

const INTEGS = [...INTEG_ROWS].filter(([, row]) => !row.ahOnly).map(([integ]) => integ);

/** Every cipher and key length of the registry, each plain cipher beside one MAC, and AES-CBC beside every MAC. */
export const SUITES: readonly CipherSuite[] = [
  ...[...ENCR_ROWS].flatMap(([encr, row], n) =>
    row.keyBits.map((keyBits, k) => ({
      encr,
      keyBits,
      integ: row.icvLength > 0 ? 0 : (INTEGS[(n + k) % INTEGS.length] as number),
    })),
  ),
  ...INTEGS.map((integ) => ({ encr: 12, keyBits: 256, integ })),
];

export const EXCHANGES: readonly number[] = [...KE_ROWS.keys()];

/** Repeatable octets: not random, which is the point. */
export function seeded(seed: number): RandomSource {
  let state = seed >>> 0 || 1;
  return (length) => {
    const out = new Uint8Array(length);
    for (let i = 0; i < length; i++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      out[i] = state >>> 11;
    }
    return out;
  };
}

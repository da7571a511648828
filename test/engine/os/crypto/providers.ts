/** Every provider of packet protection, PRF and key exchange, for tests that hold all of them to the same answers. */
import { nobleProvider } from '../../../../engine/crypto/noble/provider.ts';
import type { CipherSuite, CryptoProvider, RandomSource } from '../../../../engine/crypto/port.ts';
import { nodeProvider } from '../../../../engine/os/crypto/node.ts';
import { openSslProvider } from '../../../../engine/os/crypto/openssl.ts';

const openssl = openSslProvider(null);
if (!openssl) throw new Error('this Node executable does not export OpenSSL');

export const PROVIDERS: readonly CryptoProvider[] = [nobleProvider, nodeProvider, openssl];

export const SUITES: readonly CipherSuite[] = [
  ...[128, 192, 256].map((keyBits) => ({ encr: 20, keyBits, integ: 0 })),
  { encr: 28, keyBits: 256, integ: 0 },
  ...[128, 192, 256].flatMap((keyBits) => [2, 12, 13, 14].map((integ) => ({ encr: 12, keyBits, integ }))),
];

export const EXCHANGES: readonly number[] = [14, 15, 16, 19, 20, 21, 31];

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

/** Packet protection by noble (RFC 4106, RFC 7634, RFC 3602 with RFC 2404 and RFC 4868). */
import { cbc, gcm } from '@noble/ciphers/aes.js';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { hmac } from '@noble/hashes/hmac.js';
import { concat, equalConstantTime, u32, wipe } from '../../base/bytes.ts';
import { checkKeys, fits, mustFit } from '../checks.ts';
import { type CipherSizes, type CipherSuite, CryptoError, type PacketCipher } from '../port.ts';
import { INTEG_ROWS, suiteName } from '../suites.ts';
import { nobleHash } from './hash.ts';

/** What noble's AEADs have in common once key, nonce and AAD are given. */
interface Aead {
  encrypt(plaintext: Uint8Array): Uint8Array;
  decrypt(ciphertext: Uint8Array): Uint8Array;
}

type MakeAead = (key: Uint8Array, nonce: Uint8Array, aad: Uint8Array) => Aead;

const AEADS: ReadonlyMap<number, MakeAead> = new Map<number, MakeAead>([
  [20, (key, nonce, aad) => gcm(key, nonce, aad)],
  [28, (key, nonce, aad) => chacha20poly1305(key, nonce, aad)],
]);

/** The octets that an AEAD authenticates beside the data (RFC 4106 §5, RFC 5282 §5.1). */
function aadOf(buffer: Uint8Array, aadAt: number, ivAt: number, esnHigh: number): Uint8Array {
  if (esnHigh < 0) return buffer.subarray(aadAt, ivAt);
  return concat(buffer.subarray(aadAt, aadAt + 4), u32(esnHigh), buffer.subarray(aadAt + 4, aadAt + 8));
}

function aeadCipher(
  make: MakeAead,
  suite: CipherSuite,
  sizes: CipherSizes,
  encrKey: Uint8Array,
): PacketCipher {
  const key = encrKey.slice(0, suite.keyBits / 8);
  const salt = encrKey.slice(key.length);
  let destroyed = false;

  function start(buffer: Uint8Array, aadAt: number, ivAt: number, esnHigh: number): Aead {
    const nonce = concat(salt, buffer.subarray(ivAt, ivAt + sizes.ivLength));
    return make(key, nonce, aadOf(buffer, aadAt, ivAt, esnHigh));
  }

  return {
    ...sizes,
    seal(buffer, aadAt, ivAt, length, esnHigh) {
      if (destroyed) throw new Error('the cipher is destroyed');
      mustFit(sizes, buffer, aadAt, ivAt, length);
      const at = ivAt + sizes.ivLength;
      buffer.set(start(buffer, aadAt, ivAt, esnHigh).encrypt(buffer.subarray(at, at + length)), at);
    },
    open(buffer, aadAt, ivAt, length, esnHigh) {
      if (destroyed) throw new Error('the cipher is destroyed');
      if (!fits(sizes, buffer, aadAt, ivAt, length)) return false;
      const at = ivAt + sizes.ivLength;
      const sealed = buffer.subarray(at, at + length + sizes.icvLength);
      const aead = start(buffer, aadAt, ivAt, esnHigh);
      try {
        buffer.set(aead.decrypt(sealed), at);
        return true;
      } catch {
        // With lengths checked above, a wrong tag is the one thing noble throws for.
        return false;
      }
    },
    destroy() {
      destroyed = true;
      wipe(key, salt);
    },
  };
}

/** CBC, then HMAC over aad, IV, ciphertext and the upper half of an extended sequence number. */
function encryptThenMac(
  suite: CipherSuite,
  sizes: CipherSizes,
  encrKey: Uint8Array,
  integKey: Uint8Array,
): PacketCipher {
  const hash = nobleHash(INTEG_ROWS.get(suite.integ)?.hash ?? 0);
  if (!hash) throw new CryptoError('unsupported', `cipher suite ${suiteName(suite)}`);
  const key = encrKey.slice();
  const macKey = integKey.slice();
  let destroyed = false;

  const icv = (covered: Uint8Array, esnHigh: number): Uint8Array =>
    hmac(hash, macKey, esnHigh < 0 ? covered : concat(covered, u32(esnHigh))).subarray(0, sizes.icvLength);

  return {
    ...sizes,
    seal(buffer, aadAt, ivAt, length, esnHigh) {
      if (destroyed) throw new Error('the cipher is destroyed');
      mustFit(sizes, buffer, aadAt, ivAt, length);
      const at = ivAt + sizes.ivLength;
      const end = at + length;
      const state = cbc(key, buffer.slice(ivAt, at), { disablePadding: true });
      buffer.set(state.encrypt(buffer.subarray(at, end)), at);
      buffer.set(icv(buffer.subarray(aadAt, end), esnHigh), end);
    },
    open(buffer, aadAt, ivAt, length, esnHigh) {
      if (destroyed) throw new Error('the cipher is destroyed');
      if (!fits(sizes, buffer, aadAt, ivAt, length)) return false;
      const at = ivAt + sizes.ivLength;
      const end = at + length;
      const expected = icv(buffer.subarray(aadAt, end), esnHigh);
      if (!equalConstantTime(expected, buffer.subarray(end, end + sizes.icvLength))) return false;
      const state = cbc(key, buffer.slice(ivAt, at), { disablePadding: true });
      if (length > 0) buffer.set(state.decrypt(buffer.subarray(at, end)), at);
      return true;
    },
    destroy() {
      destroyed = true;
      wipe(key, macKey);
    },
  };
}

/** @throws CryptoError `unsupported` or `bad-key-length` */
export function nobleCipher(suite: CipherSuite, encrKey: Uint8Array, integKey: Uint8Array): PacketCipher {
  const sizes = checkKeys(suite, encrKey, integKey);
  if (suite.integ !== 0) return encryptThenMac(suite, sizes, encrKey, integKey);
  const make = AEADS.get(suite.encr);
  if (!make) throw new CryptoError('unsupported', `cipher suite ${suiteName(suite)}`);
  return aeadCipher(make, suite, sizes, encrKey);
}

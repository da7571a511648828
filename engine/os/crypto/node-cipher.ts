/** Packet protection by node:crypto (RFC 4106, RFC 7634, RFC 3602 with RFC 2404 and RFC 4868). */
import {
  type CipherGCM,
  type CipherGCMTypes,
  createCipheriv,
  createDecipheriv,
  createHmac,
  type DecipherGCM,
  timingSafeEqual,
} from 'node:crypto';
import { wipe, writeU32 } from '../../base/bytes.ts';
import { fits, mustFit } from '../../crypto/checks.ts';
import { type CipherSizes, type CipherSuite, CryptoError, type PacketCipher } from '../../crypto/port.ts';
import { INTEG_ROWS, suiteName } from '../../crypto/suites.ts';
import { nodeCipherName, nodeDigestName } from './node-names.ts';

/** SPI and sequence number of ESP. */
const ESP_AAD = 8;

function cipherName(suite: CipherSuite): string {
  const name = nodeCipherName(suite.encr, suite.keyBits);
  if (name === undefined) throw new CryptoError('unsupported', `cipher ${suiteName(suite)}`);
  return name;
}

/** An AEAD whose nonce is salt ‖ IV and whose key material ends with the salt. */
export function nodeAead(suite: CipherSuite, sizes: CipherSizes, encrKey: Uint8Array): PacketCipher {
  // ChaCha20-Poly1305 has the GCM interface in Node, which the type names do not say.
  const name = cipherName(suite) as CipherGCMTypes;
  const options = { authTagLength: sizes.icvLength };
  const key = encrKey.slice(0, suite.keyBits / 8);
  const nonce = new Uint8Array(sizes.encrKeyLength - key.length + sizes.ivLength);
  const saltLength = nonce.length - sizes.ivLength;
  nonce.set(encrKey.subarray(key.length));
  const wideAad = new Uint8Array(ESP_AAD + 4);
  let destroyed = false;

  function start(
    state: CipherGCM | DecipherGCM,
    buffer: Uint8Array,
    aadAt: number,
    ivAt: number,
    length: number,
    esnHigh: number,
  ): void {
    if (esnHigh < 0) {
      state.setAAD(buffer.subarray(aadAt, ivAt), { plaintextLength: length });
      return;
    }
    // RFC 4106 §5: SPI, upper half, lower half.
    wideAad.set(buffer.subarray(aadAt, aadAt + 4));
    writeU32(wideAad, 4, esnHigh);
    wideAad.set(buffer.subarray(aadAt + 4, aadAt + 8), 8);
    state.setAAD(wideAad, { plaintextLength: length });
  }

  return {
    ...sizes,
    seal(buffer, aadAt, ivAt, length, esnHigh) {
      if (destroyed) throw new Error('the cipher is destroyed');
      mustFit(sizes, buffer, aadAt, ivAt, length);
      const at = ivAt + sizes.ivLength;
      nonce.set(buffer.subarray(ivAt, at), saltLength);
      const state = createCipheriv(name, key, nonce, options);
      start(state, buffer, aadAt, ivAt, length, esnHigh);
      buffer.set(state.update(buffer.subarray(at, at + length)), at);
      state.final();
      buffer.set(state.getAuthTag(), at + length);
    },
    open(buffer, aadAt, ivAt, length, esnHigh) {
      if (destroyed) throw new Error('the cipher is destroyed');
      if (!fits(sizes, buffer, aadAt, ivAt, length)) return false;
      const at = ivAt + sizes.ivLength;
      nonce.set(buffer.subarray(ivAt, at), saltLength);
      const state = createDecipheriv(name, key, nonce, options);
      start(state, buffer, aadAt, ivAt, length, esnHigh);
      state.setAuthTag(buffer.subarray(at + length, at + length + sizes.icvLength));
      const plain = state.update(buffer.subarray(at, at + length));
      try {
        state.final();
      } catch {
        wipe(plain);
        return false;
      }
      buffer.set(plain, at);
      return true;
    },
    destroy() {
      destroyed = true;
      wipe(key, nonce);
    },
  };
}

/** CBC, then HMAC over aad, IV, ciphertext and the upper half of an extended sequence number. */
export function nodeEncryptThenMac(
  suite: CipherSuite,
  sizes: CipherSizes,
  encrKey: Uint8Array,
  integKey: Uint8Array,
): PacketCipher {
  const name = cipherName(suite);
  const digest = nodeDigestName(INTEG_ROWS.get(suite.integ)?.hash ?? 0);
  if (digest === undefined) throw new CryptoError('unsupported', `integrity ${suiteName(suite)}`);
  const key = encrKey.slice();
  const macKey = integKey.slice();
  const high = new Uint8Array(4);
  let destroyed = false;

  function icv(covered: Uint8Array, esnHigh: number): Uint8Array {
    const hmac = createHmac(digest as string, macKey).update(covered);
    if (esnHigh >= 0) {
      writeU32(high, 0, esnHigh);
      hmac.update(high);
    }
    return hmac.digest().subarray(0, sizes.icvLength);
  }

  return {
    ...sizes,
    seal(buffer, aadAt, ivAt, length, esnHigh) {
      if (destroyed) throw new Error('the cipher is destroyed');
      mustFit(sizes, buffer, aadAt, ivAt, length);
      const at = ivAt + sizes.ivLength;
      const end = at + length;
      const state = createCipheriv(name, key, buffer.subarray(ivAt, at)).setAutoPadding(false);
      buffer.set(state.update(buffer.subarray(at, end)), at);
      state.final();
      buffer.set(icv(buffer.subarray(aadAt, end), esnHigh), end);
    },
    open(buffer, aadAt, ivAt, length, esnHigh) {
      if (destroyed) throw new Error('the cipher is destroyed');
      if (!fits(sizes, buffer, aadAt, ivAt, length)) return false;
      const at = ivAt + sizes.ivLength;
      const end = at + length;
      const expected = icv(buffer.subarray(aadAt, end), esnHigh);
      if (!timingSafeEqual(expected, buffer.subarray(end, end + sizes.icvLength))) return false;
      const state = createDecipheriv(name, key, buffer.subarray(ivAt, at)).setAutoPadding(false);
      buffer.set(state.update(buffer.subarray(at, end)), at);
      state.final();
      return true;
    },
    destroy() {
      destroyed = true;
      wipe(key, macKey);
    },
  };
}

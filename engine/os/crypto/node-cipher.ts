/**
 * Packet protection by node:crypto, on what its OpenSSL has: AES, Camellia, 3DES and ChaCha20 in the modes that IKE and
 * ESP use (RFC 2451, 3602, 3686, 4106, 4309, 4543, 5529, 7634). CCM over Camellia, Serpent and Twofish are our own.
 */
import {
  type CipherGCM,
  type CipherGCMTypes,
  createCipheriv,
  createDecipheriv,
  type DecipherGCM,
  getCiphers,
} from 'node:crypto';
import { wipe, writeU32 } from '../../base/bytes.ts';
import { ENCR_ROWS, type EncrRow, INTEG_ROWS } from '../../crypto/algorithms.ts';
import { checkKeys, fits, mustFit } from '../../crypto/checks.ts';
import { type CcmModes, ccm } from '../../crypto/legacy/ccm.ts';
import { isOwnCipher, ownCipher } from '../../crypto/legacy/own-ciphers.ts';
import {
  aeadPackets,
  type BareCipher,
  encryptThenMac,
  firstCounter,
  gmacPackets,
  nullCipher,
} from '../../crypto/packets.ts';
import { type CipherSizes, type CipherSuite, CryptoError, type PacketCipher } from '../../crypto/port.ts';
import { cipherSizes, suiteName } from '../../crypto/suites.ts';
import { nodeGmac, nodeMac } from './node-mac.ts';
import { nodeCipherName } from './node-names.ts';

/** SPI and sequence number of ESP. */
const ESP_AAD = 8;
const ZERO_IV = new Uint8Array(16);

/** An AEAD whose nonce is salt ‖ IV and whose key material ends with the salt. */
function nodeAead(suite: CipherSuite, sizes: CipherSizes, name: string, encrKey: Uint8Array): PacketCipher {
  // AES-CCM and ChaCha20-Poly1305 take what GCM takes in Node, which the type names do not say.
  const type = name as CipherGCMTypes;
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
      const state = createCipheriv(type, key, nonce, options);
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
      const state = createDecipheriv(type, key, nonce, options);
      start(state, buffer, aadAt, ivAt, length, esnHigh);
      state.setAuthTag(buffer.subarray(at + length, at + length + sizes.icvLength));
      let plain: Uint8Array | undefined;
      try {
        // CCM may refuse in update already.
        plain = state.update(buffer.subarray(at, at + length));
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

/** A whole number of blocks, or a stream, without padding. */
function run(
  make: typeof createCipheriv | typeof createDecipheriv,
  name: string,
  key: Uint8Array,
  iv: Uint8Array,
  data: Uint8Array,
): Uint8Array {
  const state = make(name, key, iv).setAutoPadding(false);
  const out = state.update(data);
  state.final();
  return out;
}

function bareCipher(row: EncrRow, name: string, key: Uint8Array, salt: Uint8Array): BareCipher {
  const destroy = (): void => wipe(key, salt);
  if (row.mode === 'ctr') {
    const stream = (iv: Uint8Array, data: Uint8Array): Uint8Array =>
      run(createCipheriv, name, key, firstCounter(salt, iv), data);
    return { encrypt: stream, decrypt: stream, destroy };
  }
  return {
    encrypt: (iv, data) => run(createCipheriv, name, key, iv, data),
    decrypt: (iv, data) => run(createDecipheriv, name, key, iv, data),
    destroy,
  };
}

/** Camellia in the two modes that CCM needs; OpenSSL has no CCM of it. */
function camelliaModes(key: Uint8Array): CcmModes {
  const bits = key.length * 8;
  return {
    cbc: (blocks) => run(createCipheriv, `camellia-${bits}-cbc`, key, ZERO_IV, blocks),
    ctr: (counter, data) => run(createCipheriv, `camellia-${bits}-ctr`, key, counter, data),
    destroy: () => wipe(key),
  };
}

/** The name of the cipher, when this OpenSSL has it as node:crypto sees it. */
const CIPHERS: ReadonlySet<string> = new Set(getCiphers());
function available(suite: CipherSuite): string | undefined {
  const name = nodeCipherName(suite.encr, suite.keyBits);
  return name !== undefined && CIPHERS.has(name) ? name : undefined;
}

const isCamelliaCcm = (row: EncrRow): boolean => row.primitive === 'camellia' && row.mode === 'ccm';

function nodeBare(suite: CipherSuite, row: EncrRow, encrKey: Uint8Array): BareCipher | undefined {
  if (row.mode === 'none') return nullCipher;
  const key = encrKey.slice(0, suite.keyBits / 8);
  const name = available(suite);
  if (name === undefined) return ownCipher(row.primitive, key);
  return bareCipher(row, name, key, encrKey.slice(key.length));
}

function nodeSealed(
  suite: CipherSuite,
  row: EncrRow,
  sizes: CipherSizes,
  encrKey: Uint8Array,
): PacketCipher | undefined {
  const key = encrKey.slice(0, suite.keyBits / 8);
  const salt = encrKey.subarray(key.length);
  if (isCamelliaCcm(row)) return aeadPackets(sizes, salt, ccm(camelliaModes(key), row.icvLength));
  const name = available(suite);
  if (name === undefined) return undefined;
  if (row.mode !== 'gmac') return nodeAead(suite, sizes, name, encrKey);
  return gmacPackets(
    sizes,
    salt,
    (nonce, message) => nodeGmac(name, key, nonce, message),
    () => wipe(key),
  );
}

/** @throws CryptoError `unsupported` or `bad-key-length` */
export function nodeCipher(suite: CipherSuite, encrKey: Uint8Array, integKey: Uint8Array): PacketCipher {
  const sizes = checkKeys(suite, encrKey, integKey);
  const row = ENCR_ROWS.get(suite.encr) as EncrRow;
  const refuse = (): never => {
    throw new CryptoError('unsupported', `cipher suite ${suiteName(suite)}`);
  };
  if (suite.integ === 0) return nodeSealed(suite, row, sizes, encrKey) ?? refuse();
  const cipher = nodeBare(suite, row, encrKey);
  const name = INTEG_ROWS.get(suite.integ)?.mac;
  const mac = name && nodeMac(name);
  return cipher && mac ? encryptThenMac(sizes, cipher, mac, integKey) : refuse();
}

export function nodeHasCipher(suite: CipherSuite): boolean {
  const row = ENCR_ROWS.get(suite.encr);
  if (!row || !cipherSizes(suite)) return false;
  if (row.mode === 'none' || isCamelliaCcm(row) || isOwnCipher(row.primitive)) return true;
  return available(suite) !== undefined;
}

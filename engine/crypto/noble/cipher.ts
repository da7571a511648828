/**
 * Packet protection by noble: AES and ChaCha20 in the modes that IKE and ESP use (RFC 3602, 3686, 4106, 4309, 4543,
 * 7634), and Serpent and Twofish, which are our own.
 */
import { cbc, ctr, gcm } from '@noble/ciphers/aes.js';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { equalConstantTime, wipe } from '../../base/bytes.ts';
import { ENCR_ROWS, type EncrRow, INTEG_ROWS } from '../algorithms.ts';
import { checkKeys } from '../checks.ts';
import { ccm } from '../legacy/ccm.ts';
import { ownCipher } from '../legacy/own-ciphers.ts';
import {
  type Aead,
  aeadPackets,
  type BareCipher,
  encryptThenMac,
  firstCounter,
  gmacPackets,
  nullCipher,
} from '../packets.ts';
import { type CipherSuite, CryptoError, type PacketCipher } from '../port.ts';
import { cipherSizes, suiteName } from '../suites.ts';
import { nobleGmac, nobleMac } from './mac.ts';

const ZERO_IV = new Uint8Array(16);
const TAG = 16;

function bareCipher(row: EncrRow, key: Uint8Array, salt: Uint8Array): BareCipher | undefined {
  const destroy = (): void => wipe(key, salt);
  switch (`${row.primitive}-${row.mode}`) {
    case 'none-none':
      return nullCipher;
    case 'aes-cbc':
      return {
        encrypt: (iv, data) => cbc(key, iv.slice(), { disablePadding: true }).encrypt(data),
        decrypt: (iv, data) => cbc(key, iv.slice(), { disablePadding: true }).decrypt(data),
        destroy,
      };
    case 'aes-ctr': {
      const run = (iv: Uint8Array, data: Uint8Array): Uint8Array =>
        ctr(key, firstCounter(salt, iv)).encrypt(data);
      return { encrypt: run, decrypt: run, destroy };
    }
    default:
      return ownCipher(row.primitive, key);
  }
}

/** What noble's own check of a 16-octet tag gives. */
function checked(decrypt: () => Uint8Array): Uint8Array | undefined {
  try {
    return decrypt();
  } catch {
    // With lengths checked before, a wrong tag is the one thing noble throws for.
    return undefined;
  }
}

/** AES-GCM with any ICV (RFC 4106 §6); noble itself checks whole tags only. */
function gcmAead(key: Uint8Array, icvLength: number): Aead {
  const seal = (nonce: Uint8Array, aad: Uint8Array, data: Uint8Array): Uint8Array =>
    gcm(key, nonce, aad).encrypt(data);

  function openShort(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    const length = sealed.length - icvLength;
    // In counter mode decryption is encryption again; the tag is that of the plaintext found so.
    const plain = seal(nonce, aad, sealed.subarray(0, length)).slice(0, length);
    const expected = seal(nonce, aad, plain).subarray(length, sealed.length);
    if (equalConstantTime(expected, sealed.subarray(length))) return plain;
    wipe(plain);
    return undefined;
  }

  return {
    seal: (nonce, aad, data) => seal(nonce, aad, data).subarray(0, data.length + icvLength),
    open: (nonce, aad, sealed) =>
      icvLength === TAG ? checked(() => gcm(key, nonce, aad).decrypt(sealed)) : openShort(nonce, aad, sealed),
    destroy: () => wipe(key),
  };
}

const chachaAead = (key: Uint8Array): Aead => ({
  seal: (nonce, aad, data) => chacha20poly1305(key, nonce, aad).encrypt(data),
  open: (nonce, aad, sealed) => checked(() => chacha20poly1305(key, nonce, aad).decrypt(sealed)),
  destroy: () => wipe(key),
});

function aeadOf(row: EncrRow, key: Uint8Array): Aead | undefined {
  switch (`${row.primitive}-${row.mode}`) {
    case 'aes-gcm':
      return gcmAead(key, row.icvLength);
    case 'aes-ccm':
      return ccm(
        {
          cbc: (blocks) => cbc(key, ZERO_IV, { disablePadding: true }).encrypt(blocks),
          ctr: (counter, data) => ctr(key, counter).encrypt(data),
          destroy: () => wipe(key),
        },
        row.icvLength,
      );
    case 'chacha20-poly1305':
      return chachaAead(key);
    default:
      return undefined;
  }
}

function makeCipher(suite: CipherSuite, encrKey: Uint8Array, integKey: Uint8Array): PacketCipher | undefined {
  const sizes = checkKeys(suite, encrKey, integKey);
  const row = ENCR_ROWS.get(suite.encr) as EncrRow;
  const key = encrKey.slice(0, suite.keyBits / 8);
  const salt = encrKey.slice(key.length);
  if (row.mode === 'gmac')
    return gmacPackets(
      sizes,
      salt,
      (nonce, message) => nobleGmac(key, nonce, message),
      () => wipe(key),
    );
  if (suite.integ === 0) {
    const aead = aeadOf(row, key);
    return aead && aeadPackets(sizes, salt, aead);
  }
  const cipher = bareCipher(row, key, salt);
  const name = INTEG_ROWS.get(suite.integ)?.mac;
  const mac = name && nobleMac(name);
  return cipher && mac && encryptThenMac(sizes, cipher, mac, integKey);
}

/** @throws CryptoError `unsupported` or `bad-key-length` */
export function nobleCipher(suite: CipherSuite, encrKey: Uint8Array, integKey: Uint8Array): PacketCipher {
  const cipher = makeCipher(suite, encrKey, integKey);
  if (!cipher) throw new CryptoError('unsupported', `cipher suite ${suiteName(suite)}`);
  return cipher;
}

/** Primitives whose every mode in the registry is here. */
const PRIMITIVES: ReadonlySet<string> = new Set(['none', 'aes', 'chacha20', 'serpent', 'twofish']);

export const nobleHasCipher = (suite: CipherSuite): boolean =>
  cipherSizes(suite) !== undefined && PRIMITIVES.has(ENCR_ROWS.get(suite.encr)?.primitive ?? '');

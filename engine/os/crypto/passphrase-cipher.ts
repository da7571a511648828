/** Sealing under a passphrase for exported profiles: scrypt (RFC 7914) and AES-256-GCM, with node:crypto. */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { concat, utf8, wipe } from '../../base/bytes.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { PassphraseCipher, SealedSecrets } from '../../profile/export/own-format.ts';

/** 64 MiB and a good part of a second: a guess should cost as much. */
const COST = { N: 65_536, r: 8, p: 1 } as const;
const MAX_MEMORY = 192 * 1024 * 1024;
const MAX_WORK = 4 * COST.N * COST.r;
const KEY_OCTETS = 32;
const SALT_OCTETS = 16;
const NONCE_OCTETS = 12;
const TAG_OCTETS = 16;

function deriveKey(
  passphrase: string,
  salt: Uint8Array,
  cost: { N: number; r: number; p: number },
): Promise<Buffer> {
  const secret = utf8(passphrase.normalize('NFC'));
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, KEY_OCTETS, { ...cost, maxmem: MAX_MEMORY }, (cause, key) => {
      wipe(secret);
      if (cause) reject(cause);
      else resolve(key);
    });
  });
}

const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64');
const octetsOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

export const passphraseCipher: PassphraseCipher = {
  async seal(plain, passphrase, associated): Promise<SealedSecrets> {
    const [salt, nonce] = [randomBytes(SALT_OCTETS), randomBytes(NONCE_OCTETS)];
    const key = await deriveKey(passphrase, salt, COST);
    try {
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(associated);
      const data = concat(cipher.update(plain), cipher.final(), cipher.getAuthTag());
      const sealed = {
        salt: base64(salt),
        cipher: 'aes-256-gcm',
        nonce: base64(nonce),
        data: base64(data),
      } as const;
      return { kdf: 'scrypt', ...COST, ...sealed };
    } finally {
      wipe(key);
    }
  },

  async open(sealed, passphrase, associated): Promise<Result<Uint8Array, string>> {
    const { N, r, p } = sealed;
    const power = N >= 2 && Number.isInteger(Math.log2(N));
    if (!power || N * r * p > MAX_WORK) return err('asks for more work than is done for a passphrase');
    const [salt, nonce, data] = [octetsOf(sealed.salt), octetsOf(sealed.nonce), octetsOf(sealed.data)];
    if (nonce.length !== NONCE_OCTETS || data.length < TAG_OCTETS || salt.length < 8)
      return err('has secrets that are damaged');
    let key: Buffer;
    try {
      key = await deriveKey(passphrase, salt, { N, r, p });
    } catch {
      return err('asks for a derivation with parameters that are out of bounds');
    }
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_OCTETS });
      decipher.setAAD(associated).setAuthTag(data.subarray(-TAG_OCTETS));
      const first = decipher.update(data.subarray(0, -TAG_OCTETS));
      decipher.final();
      const plain = new Uint8Array(first);
      wipe(first);
      return ok(plain);
    } catch {
      return err('does not open with this passphrase, or was changed');
    } finally {
      wipe(key);
    }
  },
};

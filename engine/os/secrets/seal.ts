/** One secret at rest: AES-256-GCM under the store's key, bound to its profile, set and field. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { concat, utf8 } from '../../base/bytes.ts';

export const KEY_OCTETS = 32;
const NONCE_OCTETS = 12;
const TAG_OCTETS = 16;

/** What a record is for; a record of another place does not open here. */
export interface Place {
  readonly profile: string;
  readonly set: string;
  readonly field: string;
}

/** Names hold no line break, so that no two places look alike. */
const associated = ({ profile, set, field }: Place): Uint8Array =>
  utf8(`culvert secret 1\n${profile}\n${set}\n${field}`);

/** Nonce, ciphertext, tag. The key is used far less than 2^32 times, so that random nonces do not repeat. */
export function seal(key: Uint8Array, place: Place, plain: Uint8Array): Uint8Array {
  const nonce = randomBytes(NONCE_OCTETS);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(associated(place));
  return concat(nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag());
}

/** `undefined` when it is not authentic for this place. */
export function open(key: Uint8Array, place: Place, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < NONCE_OCTETS + TAG_OCTETS) return undefined;
  const tagAt = sealed.length - TAG_OCTETS;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_OCTETS), {
    authTagLength: TAG_OCTETS,
  })
    .setAAD(associated(place))
    .setAuthTag(sealed.subarray(tagAt));
  try {
    return concat(decipher.update(sealed.subarray(NONCE_OCTETS, tagAt)), decipher.final());
  } catch {
    return undefined;
  }
}

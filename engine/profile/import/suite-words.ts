/** Words of Apple and Windows for algorithms, as proposals in strongSwan's notation. */
import { err, ok, type Result } from '../../base/result.ts';

export interface SuiteWords {
  readonly cipher: string;
  /** Ignored beside an AEAD, but for the PRF of IKE. */
  readonly integrity: string;
  /** No perfect forward secrecy when absent. */
  readonly group: string | undefined;
}

/** Keys are in capitals without separators. */
const CIPHERS: Readonly<Record<string, string>> = {
  DES: 'des',
  '3DES': '3des',
  DES3: '3des',
  AES128: 'aes128',
  AES192: 'aes192',
  AES256: 'aes256',
  AES128GCM: 'aes128gcm16',
  AES192GCM: 'aes192gcm16',
  AES256GCM: 'aes256gcm16',
  GCMAES128: 'aes128gcm16',
  GCMAES192: 'aes192gcm16',
  GCMAES256: 'aes256gcm16',
  AESGCM128: 'aes128gcm16',
  AESGCM256: 'aes256gcm16',
  CHACHA20POLY1305: 'chacha20poly1305',
};
const HASHES: Readonly<Record<string, string>> = {
  MD5: 'md5',
  MD596: 'md5',
  SHA1: 'sha1',
  SHA196: 'sha1',
  SHA1160: 'sha1_160',
  SHA256: 'sha256',
  SHA2256: 'sha256',
  SHA256128: 'sha256',
  SHA384: 'sha384',
  SHA2384: 'sha384',
  SHA512: 'sha512',
  SHA2512: 'sha512',
};
const GROUPS: Readonly<Record<string, string>> = {
  '1': 'modp768',
  '2': 'modp1024',
  '5': 'modp1536',
  '14': 'modp2048',
  '15': 'modp3072',
  '16': 'modp4096',
  '17': 'modp6144',
  '18': 'modp8192',
  '19': 'ecp256',
  '20': 'ecp384',
  '21': 'ecp521',
  '24': 'modp2048s256',
  '31': 'x25519',
  '32': 'x448',
  '36': 'mlkem768',
  '37': 'mlkem1024',
  '2048': 'modp2048',
  ECP256: 'ecp256',
  ECP384: 'ecp384',
};

const plain = (word: string): string => word.toUpperCase().replaceAll(/[^A-Z0-9]/g, '');

const look = (table: Readonly<Record<string, string>>, word: string): Result<string, string> => {
  const found = Object.hasOwn(table, plain(word)) ? table[plain(word)] : undefined;
  return found === undefined ? err(`"${word.slice(0, 40)}" is no known algorithm`) : ok(found);
};

/** One proposal, such as `aes256-sha256-modp2048`. Whether it can be served is for `parseProposals` to say. */
export function suite(words: SuiteWords, protocol: 'ike' | 'esp'): Result<string, string> {
  const cipher = look(CIPHERS, words.cipher);
  if (!cipher.ok) return cipher;
  const group =
    words.group === undefined ? undefined : look(GROUPS, words.group.replace(/^(group|pfs)/i, ''));
  if (group && !group.ok) return group;
  const aead = /gcm|poly1305/.test(cipher.value);
  const parts = [cipher.value];
  if (!aead || protocol === 'ike') {
    // Where an AEAD is named as the integrity algorithm as well, only the PRF is left to choose.
    const hash =
      aead && Object.hasOwn(CIPHERS, plain(words.integrity)) ? ok('sha256') : look(HASHES, words.integrity);
    if (!hash.ok) return hash;
    parts.push(aead ? `prf${hash.value}` : hash.value);
  }
  if (group?.ok) parts.push(group.value);
  return ok(parts.join('-'));
}

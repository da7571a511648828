/**
 * Encryption under a password as key files have it: PBES2 (RFC 8018 §6.2) with PBKDF2 or scrypt (RFC 7914 §7),
 * and PKCS#12's own schemes (RFC 7292 appendix C). What a file may ask of the processor is limited.
 */
import { createDecipheriv, pbkdf2Sync, scryptSync } from 'node:crypto';
import { utf8, wipe } from '../base/bytes.ts';
import { children, damaged, integer, type Node, octets, oid } from './asn1-nodes.ts';
import { PkiError } from './error.ts';
import { decryptRc2Cbc } from './legacy-rc2.ts';
import { bmpPassword, PURPOSE, pkcs12Kdf } from './pkcs12-kdf.ts';

/** A password in the two forms that derivations take. */
export interface Password {
  readonly utf8: Uint8Array;
  readonly bmp: Uint8Array;
}

const MAX_PASSWORD = 1024;

/** @throws PkiError `wrong-passphrase` for one of more than 1024 characters */
export function passwordOf(text: string): Password {
  if (text.length > MAX_PASSWORD)
    throw new PkiError('wrong-passphrase', `a passphrase has at most ${MAX_PASSWORD} characters`);
  return { utf8: utf8(text), bmp: bmpPassword(text) };
}

/** No password at all, which PKCS#12 tells apart from an empty one. */
export const NO_PASSWORD: Password = { utf8: new Uint8Array(0), bmp: new Uint8Array(0) };

/** Rounds of derivation that one input may still cost. */
export class Budget {
  #left: number;

  constructor(rounds: number) {
    this.#left = rounds;
  }

  /** @throws PkiError `unsupported-bundle` */
  spend(rounds: number): void {
    if (rounds < 1) throw damaged('a key derivation has no rounds');
    this.#left -= rounds;
    if (this.#left < 0)
      throw new PkiError('unsupported-bundle', 'the file asks for too many rounds of key derivation');
  }
}

/** HMACs as PRF and as MAC, by OID (RFC 8018 appendix B.1.2). */
export const HMACS: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};

/** Ciphers of PBES2 by OID. */
const CIPHERS: Readonly<
  Record<string, { readonly name: string; readonly key: number; readonly iv: number }>
> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', key: 16, iv: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', key: 24, iv: 16 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', key: 32, iv: 16 },
  '1.2.840.113549.3.7': { name: 'des-ede3-cbc', key: 24, iv: 8 },
};

/** PKCS#12's own schemes by the last arc of their OID; all with SHA-1. */
const LEGACY: Readonly<Record<string, { readonly name: string; readonly key: number }>> = {
  '1.2.840.113549.1.12.1.3': { name: 'des-ede3-cbc', key: 24 },
  '1.2.840.113549.1.12.1.4': { name: 'des-ede-cbc', key: 16 },
  '1.2.840.113549.1.12.1.5': { name: 'rc2', key: 16 },
  '1.2.840.113549.1.12.1.6': { name: 'rc2', key: 5 },
};

const PBES2 = '1.2.840.113549.1.5.13';
const PBKDF2 = '1.2.840.113549.1.5.12';
const SCRYPT = '1.3.6.1.4.1.11591.4.11';
const MAX_SALT = 1024;
const MAX_KEY = 128;
const MAX_SCRYPT_MEMORY = 64 * 1024 * 1024;

const unsupported = (what: string, id: string): PkiError =>
  new PkiError('unsupported-bundle', `the file is protected with an unsupported ${what} (${id})`);

/** An entry that is the table's own, as the key comes from a file. */
export const own = <T>(table: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;

function salted(node: Node | undefined): Uint8Array {
  const salt = octets(node, 'the salt');
  if (salt.length > MAX_SALT) throw damaged('the salt is too long');
  return salt;
}

/** PBKDF2 with its parameters (RFC 8018 appendix A.2), which name the length of the key where the caller does not. */
export function pbkdf2(
  algorithm: Node | undefined,
  wanted: number | undefined,
  password: Password,
  budget: Budget,
): Uint8Array {
  const [id, parameters] = children(algorithm, 'the key derivation');
  if (oid(id, 'the key derivation') !== PBKDF2)
    throw unsupported('key derivation', oid(id, 'the key derivation'));
  const [salt, rounds, ...rest] = children(parameters, 'the parameters of PBKDF2');
  const prf = rest.find((node) => node.idBlock.tagNumber === 16);
  const prfId = prf ? oid(children(prf, 'the PRF')[0], 'the PRF') : '1.2.840.113549.2.7';
  const hash = own(HMACS, prfId);
  if (hash === undefined) throw unsupported('PRF', prfId);
  const named = rest.find((node) => node.idBlock.tagNumber === 2);
  const length = named ? integer(named, 'the key length') : wanted;
  if (length === undefined || length < 1 || length > MAX_KEY || length !== (wanted ?? length))
    throw damaged('the key length does not fit');
  const count = integer(rounds, 'the number of rounds');
  budget.spend(count);
  return pbkdf2Sync(password.utf8, salted(salt), count, length, hash);
}

function scrypt(
  parameters: Node | undefined,
  length: number,
  password: Password,
  budget: Budget,
): Uint8Array {
  const [salt, cost, block, parallel] = children(parameters, 'the parameters of scrypt');
  const [N, r, p] = [cost, block, parallel].map((node) => integer(node, 'a parameter of scrypt')) as [
    number,
    number,
    number,
  ];
  budget.spend(N * r * p);
  const saltOctets = salted(salt);
  try {
    return scryptSync(password.utf8, saltOctets, length, { N, r, p, maxmem: MAX_SCRYPT_MEMORY });
  } catch {
    throw new PkiError(
      'unsupported-bundle',
      'the file asks for scrypt with parameters that are out of bounds',
    );
  }
}

function open(name: string, key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  const decipher = createDecipheriv(name, key, iv);
  const first = decipher.update(data);
  const last = decipher.final();
  const plain = new Uint8Array(Buffer.concat([first, last]));
  wipe(first, last);
  return plain;
}

/** PKCS#7 padding (RFC 5652 §6.3). */
function unpad(plain: Uint8Array, block: number): Uint8Array {
  const count = plain[plain.length - 1] ?? 0;
  if (count < 1 || count > block || plain.subarray(-count).some((octet) => octet !== count))
    throw new Error('bad padding');
  return plain.subarray(0, plain.length - count);
}

/** Runs a decryption, whose every failure looks like a wrong password. */
function attempt(run: () => Uint8Array): Uint8Array {
  try {
    return run();
  } catch {
    throw new PkiError('wrong-passphrase', 'the passphrase does not open what is encrypted');
  }
}

function openPbes2(
  parameters: Node | undefined,
  data: Uint8Array,
  password: Password,
  budget: Budget,
): Uint8Array {
  const [derivation, scheme] = children(parameters, 'the parameters of PBES2');
  const [cipherId, iv] = children(scheme, 'the cipher');
  const id = oid(cipherId, 'the cipher');
  const cipher = own(CIPHERS, id);
  if (!cipher) throw unsupported('cipher', id);
  const ivOctets = octets(iv, 'the initialisation vector');
  if (ivOctets.length !== cipher.iv) throw damaged('the initialisation vector has a wrong length');
  const [derivationId, derivationParameters] = children(derivation, 'the key derivation');
  const key =
    oid(derivationId, 'the key derivation') === SCRYPT
      ? scrypt(derivationParameters, cipher.key, password, budget)
      : pbkdf2(derivation, cipher.key, password, budget);
  try {
    return attempt(() => open(cipher.name, key, ivOctets, data));
  } finally {
    wipe(key);
  }
}

/**
 * Decrypts with the AlgorithmIdentifier that goes with the data.
 * @throws PkiError `wrong-passphrase`, `unsupported-bundle`, `not-a-bundle`
 */
export function decryptPbe(
  algorithm: Node | undefined,
  data: Uint8Array,
  password: Password,
  budget: Budget,
): Uint8Array {
  const [idNode, parameters] = children(algorithm, 'the encryption');
  const id = oid(idNode, 'the encryption');
  if (id === PBES2) return openPbes2(parameters, data, password, budget);
  const scheme = own(LEGACY, id);
  if (!scheme) throw unsupported('encryption', id);
  const [salt, count] = children(parameters, 'the parameters of the encryption');
  const rounds = integer(count, 'the number of rounds');
  budget.spend(2 * rounds);
  const input = { password: password.bmp, salt: salted(salt), rounds, hash: 'sha1' };
  const key = pkcs12Kdf(input, PURPOSE.key, scheme.key);
  const iv = pkcs12Kdf(input, PURPOSE.iv, 8);
  try {
    return attempt(() =>
      scheme.name === 'rc2'
        ? unpad(decryptRc2Cbc(key, 8 * scheme.key, iv, data), 8)
        : open(scheme.name, key, iv, data),
    );
  } finally {
    wipe(key, iv);
  }
}

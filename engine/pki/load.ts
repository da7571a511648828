/**
 * Certificates and private keys from PEM text (RFC 7468, any mix) or DER: X.509, PKCS#1, PKCS#8, SEC 1,
 * encrypted PKCS#8 and OpenSSL's older encrypted PEM.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { EncryptedPrivateKeyInfo } from '@peculiar/asn1-pkcs8';
import { AsnConvert } from '@peculiar/asn1-schema';
import * as asn1js from 'asn1js';
import { utf8 } from '../base/bytes.ts';
import { Certificate } from './certificate.ts';
import { PkiError } from './error.ts';
import { Budget } from './pbe.ts';
import { PrivateKey } from './private-key.ts';

export interface LoadedBundle {
  readonly certificates: readonly Certificate[];
  readonly keys: readonly PrivateKey[];
}

export interface LoadOptions {
  /** For encrypted keys. */
  readonly passphrase?: string;
  /** Named in errors. */
  readonly field?: string;
  /** What the key derivations of all inputs together may cost; of this input alone when left out. */
  readonly budget?: Budget;
}

/** The whole input. */
export const MAX_INPUT_OCTETS = 1_048_576;
const MAX_ITEMS = 256;
/** What a key derivation may cost, in rounds: a few seconds. */
const MAX_ROUNDS = 10_000_000;

const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,40})-----\r?\n?([^-]*(?:-(?!----)[^-]*)*)-----END \1-----/g;
const KEY_LABELS: ReadonlySet<string> = new Set([
  'PRIVATE KEY',
  'ENCRYPTED PRIVATE KEY',
  'RSA PRIVATE KEY',
  'EC PRIVATE KEY',
]);
const CERTIFICATE_LABELS: ReadonlySet<string> = new Set(['CERTIFICATE', 'X509 CERTIFICATE']);

/**
 * Reads everything there is. PEM blocks of other kinds are passed over.
 * @throws PkiError `empty` when there is neither a certificate nor a key, `too-large`, `not-a-certificate`,
 *   `not-a-key`, `passphrase-needed`, `wrong-passphrase`, `unsupported-key`
 */
export function loadBundle(input: string | Uint8Array, options: LoadOptions = {}): LoadedBundle {
  try {
    if (input.length > MAX_INPUT_OCTETS)
      throw new PkiError('too-large', `the input has more than ${MAX_INPUT_OCTETS} octets`);
    const text = typeof input === 'string' ? input : new TextDecoder('latin1').decode(input);
    const bounded = { ...options, budget: options.budget ?? new Budget(MAX_ROUNDS) };
    const bundle =
      typeof input !== 'string' && input[0] === 0x30 ? loadDer(input, bounded) : loadPem(text, bounded);
    if (bundle.certificates.length + bundle.keys.length === 0)
      throw new PkiError('empty', 'there is no certificate and no key in PEM or DER form here');
    return bundle;
  } catch (cause) {
    if (!(cause instanceof PkiError) || options.field === undefined) throw cause;
    throw new PkiError(cause.code, cause.message, options.field);
  }
}

function loadDer(der: Uint8Array, options: LoadOptions): LoadedBundle {
  try {
    return { certificates: [new Certificate(der)], keys: [] };
  } catch (certificateError) {
    try {
      return { certificates: [], keys: [derKey(der, options)] };
    } catch (keyError) {
      throw keyError instanceof PkiError && keyError.code !== 'not-a-key' ? keyError : certificateError;
    }
  }
}

function loadPem(text: string, options: LoadOptions): LoadedBundle {
  const certificates: Certificate[] = [];
  const keys: PrivateKey[] = [];
  for (const [whole, label = '', body = ''] of text.matchAll(BLOCK)) {
    if (certificates.length + keys.length >= MAX_ITEMS)
      throw new PkiError('too-large', `there are more than ${MAX_ITEMS} certificates and keys`);
    if (CERTIFICATE_LABELS.has(label)) {
      const der = base64(body);
      if (!der) throw new PkiError('not-a-certificate', 'the Base64 text of a CERTIFICATE block is damaged');
      certificates.push(new Certificate(der));
    } else if (KEY_LABELS.has(label)) {
      keys.push(pemKey(whole, label, body, options));
    }
  }
  const begun = /-----BEGIN ([A-Z0-9 ]{1,40})-----/.exec(text.replaceAll(BLOCK, ''))?.[1];
  if (begun !== undefined && (CERTIFICATE_LABELS.has(begun) || KEY_LABELS.has(begun)))
    throw new PkiError(
      CERTIFICATE_LABELS.has(begun) ? 'not-a-certificate' : 'not-a-key',
      `the ${begun} block has no matching END line`,
    );
  return { certificates, keys };
}

function base64(body: string): Uint8Array | undefined {
  const text = body.replace(/\s+/g, '');
  if (text === '' || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  return new Uint8Array(Buffer.from(text, 'base64'));
}

function pemKey(whole: string, label: string, body: string, options: LoadOptions): PrivateKey {
  if (/^Proc-Type: *4, *ENCRYPTED/m.test(body))
    return decrypt(options, (passphrase) => createPrivateKey({ key: whole, format: 'pem', passphrase }));
  const der = base64(body);
  if (!der) throw new PkiError('not-a-key', `the Base64 text of a ${label} block is damaged`);
  try {
    return derKey(der, options);
  } finally {
    der.fill(0);
  }
}

function derKey(der: Uint8Array, options: LoadOptions): PrivateKey {
  const key = Buffer.from(der.buffer, der.byteOffset, der.byteLength);
  const rounds = derivation(der);
  if (rounds !== undefined) {
    options.budget?.spend(Math.max(1, rounds));
    return decrypt(options, (passphrase) =>
      createPrivateKey({ key, format: 'der', type: 'pkcs8', passphrase }),
    );
  }
  for (const type of ['pkcs8', 'pkcs1', 'sec1'] as const) {
    let object: KeyObject;
    try {
      object = createPrivateKey({ key, format: 'der', type });
    } catch {
      continue;
    }
    return new PrivateKey(object);
  }
  throw new PkiError('not-a-key', 'not a private key in PKCS#8, PKCS#1 or SEC 1 form');
}

const SCRYPT = '1.3.6.1.4.1.11591.4.11';

/** What `decrypt` knows to be available: PBES2 with PBKDF2 or scrypt and AES or 3DES, and PKCS#12's 3DES. */
const KNOWN_ENCRYPTION: ReadonlySet<string> = new Set([
  '1.2.840.113549.1.5.13',
  '1.2.840.113549.1.5.12',
  SCRYPT,
  '1.2.840.113549.1.12.1.3',
  '1.2.840.113549.3.7',
  ...[7, 8, 9, 10, 11].map((n) => `1.2.840.113549.2.${n}`),
  ...[2, 22, 42].map((n) => `2.16.840.1.101.3.4.1.${n}`),
]);

/**
 * What opening an EncryptedPrivateKeyInfo (RFC 5958 §3) costs in rounds; `undefined` for octets that are none.
 * @throws PkiError `unsupported-key` for an algorithm that is not at hand or a derivation that would take ages
 */
function derivation(der: Uint8Array): number | undefined {
  const oids: string[] = [];
  const counts: bigint[] = [];
  try {
    const { encryptionAlgorithm } = AsnConvert.parse(der, EncryptedPrivateKeyInfo);
    oids.push(encryptionAlgorithm.algorithm);
    const walk = (node: asn1js.AsnType): void => {
      if (node instanceof asn1js.ObjectIdentifier) oids.push(node.getValue());
      else if (node instanceof asn1js.Integer) counts.push(node.toBigInt());
      else if (node instanceof asn1js.Sequence) for (const inner of node.valueBlock.value) walk(inner);
    };
    if (encryptionAlgorithm.parameters) walk(asn1js.fromBER(encryptionAlgorithm.parameters).result);
  } catch {
    return undefined;
  }
  // scrypt costs the product of its parameters N, r and p (RFC 7914 §2).
  const rounds = oids.includes(SCRYPT)
    ? counts.slice(0, 3).reduce((product, count) => product * count, 1n)
    : counts.reduce((most, count) => (count > most ? count : most), 0n);
  const strange = oids.find((oid) => !KNOWN_ENCRYPTION.has(oid));
  if (strange !== undefined)
    throw new PkiError('unsupported-key', `the key is encrypted with an unsupported algorithm (${strange})`);
  if (rounds > BigInt(MAX_ROUNDS))
    throw new PkiError('unsupported-key', `the key asks for ${rounds} rounds of key derivation`);
  return Number(rounds);
}

function decrypt(options: LoadOptions, open: (passphrase: Buffer) => KeyObject): PrivateKey {
  if (options.passphrase === undefined || options.passphrase === '')
    throw new PkiError('passphrase-needed', 'the private key is encrypted: give its passphrase');
  const passphrase = Buffer.from(utf8(options.passphrase));
  let object: KeyObject;
  try {
    object = open(passphrase);
  } catch {
    // A wrong passphrase can also decrypt to something that merely does not parse: the two look alike.
    throw new PkiError('wrong-passphrase', 'the passphrase does not open the private key');
  } finally {
    passphrase.fill(0);
  }
  return new PrivateKey(object);
}

/**
 * Importing what an administrator hands out: PKCS#12, PKCS#7, PEM and DER, one file or several that belong
 * together. What is a leaf with its key, a chain, a trust anchor is told by content.
 */
import { chainOf } from './authorities.ts';
import type { Certificate } from './certificate.ts';
import { type BundleFormat, detect, pemText } from './detect.ts';
import { PkiError } from './error.ts';
import { loadBundle } from './load.ts';
import { Budget } from './pbe.ts';
import { type Named, openPkcs12 } from './pkcs12.ts';
import type { PrivateKey } from './private-key.ts';
import { openSignedData } from './signed-data.ts';

export interface BundlePart {
  readonly octets: Uint8Array;
  /** Where the octets come from, for errors: a file name or a field of a profile. */
  readonly field?: string;
  readonly passphrase?: string;
}

export interface BundleLeaf {
  readonly certificate: Certificate;
  readonly key: PrivateKey;
  /** Intermediates to send along, the leaf's issuer first; neither the leaf nor a self-signed CA. */
  readonly chain: readonly Certificate[];
  /** What the bundle calls it, to offer it by. */
  readonly name: string | undefined;
}

export interface ImportedBundle {
  /** Of each part, in order. */
  readonly formats: readonly BundleFormat[];
  /** More than one: the user must choose. */
  readonly leaves: readonly BundleLeaf[];
  /** Self-signed certificates: trust for this profile only, if the user says so. */
  readonly anchors: readonly Certificate[];
  /** What belongs to no leaf: CAs below no anchor's leaf, certificates without key, keys without certificate. */
  readonly loose: { readonly certificates: readonly Certificate[]; readonly keys: readonly PrivateKey[] };
  /** Sentences for a person. */
  readonly warnings: readonly string[];
}

/** What is in one part, in the order of the file. */
export interface OpenedPart {
  readonly format: BundleFormat;
  readonly certificates: readonly Named<Certificate>[];
  readonly keys: readonly Named<PrivateKey>[];
  /** Sentences for a person. */
  readonly warnings: readonly string[];
}

export interface ImportOptions {
  /** Rounds of key derivation that all parts together may cost. */
  readonly maxRounds?: number;
}

/** A few seconds at worst; the most careful writers ask for less than a million. */
export const MAX_ROUNDS = 5_000_000;
const MAX_PARTS = 32;

const CMS_BLOCK = /-----BEGIN (PKCS7|CMS|PKCS #7 SIGNED DATA)-----([A-Za-z0-9+/=\s]*)-----END \1-----/g;

interface Pool {
  readonly certificates: Named<Certificate>[];
  readonly keys: Named<PrivateKey>[];
  readonly warnings: string[];
}

/**
 * Reads all parts and sorts what is in them.
 * @throws PkiError `empty`, `too-large`, `passphrase-needed`, `wrong-passphrase`, `not-a-bundle`,
 *   `not-a-certificate`, `not-a-key`, `unsupported-bundle`, `unsupported-key`, `bad-signature`; its `field` is
 *   that of the part
 */
export function importBundle(
  input: BundlePart | readonly BundlePart[],
  options: ImportOptions = {},
): ImportedBundle {
  const parts = 'octets' in input ? [input] : input;
  if (parts.length > MAX_PARTS) throw new PkiError('too-large', `there are more than ${MAX_PARTS} files`);
  const budget = new Budget(options.maxRounds ?? MAX_ROUNDS);
  const opened = parts.map((part) => openPart(part, budget));
  if (opened.every(({ certificates, keys }) => certificates.length + keys.length === 0))
    throw new PkiError('empty', 'there is no certificate and no key in it', parts[0]?.field);
  return { formats: opened.map(({ format }) => format), ...sortParts(opened) };
}

/** Opens one part alone. @throws PkiError as `importBundle` */
export function openPart(part: BundlePart, budget: Budget): OpenedPart {
  const pool: Pool = { certificates: [], keys: [], warnings: [] };
  try {
    return { format: readPart(part, pool, budget), ...pool };
  } catch (cause) {
    if (!(cause instanceof PkiError) || part.field === undefined) throw cause;
    throw new PkiError(cause.code, cause.message, part.field);
  }
}

function readPart(part: BundlePart, pool: Pool, budget: Budget): BundleFormat {
  const { format, octets } = detect(part.octets);
  const secret = { budget, ...(part.passphrase === undefined ? {} : { passphrase: part.passphrase }) };
  const unnamed = <T>(value: T): Named<T> => ({ value, name: undefined });
  const takeCms = (der: Uint8Array): void => {
    const signed = openSignedData(der);
    pool.certificates.push(...signed.certificates.map(unnamed));
    pool.warnings.push(...signed.warnings);
  };
  switch (format) {
    case 'pkcs12': {
      const opened = openPkcs12(octets, part.passphrase, budget);
      pool.certificates.push(...opened.certificates);
      pool.keys.push(...opened.keys);
      pool.warnings.push(...opened.warnings);
      break;
    }
    case 'pkcs7':
      takeCms(octets);
      break;
    case 'pem': {
      const text = pemText(octets);
      const rest = text.replaceAll(CMS_BLOCK, (_, __, body: string) => {
        takeCms(new Uint8Array(Buffer.from(body, 'base64')));
        return '';
      });
      if (rest === text || rest.includes('-----BEGIN ')) take(loadBundle(rest, secret), pool);
      break;
    }
    case 'der':
      take(loadBundle(octets, secret), pool);
      break;
  }
  return format;
}

function take(
  loaded: { readonly certificates: readonly Certificate[]; readonly keys: readonly PrivateKey[] },
  pool: Pool,
): void {
  for (const value of loaded.certificates) pool.certificates.push({ value, name: undefined });
  for (const value of loaded.keys) pool.keys.push({ value, name: undefined });
}

const isCa = (certificate: Certificate): boolean => certificate.basicConstraints?.ca ?? false;

/** Self-signed, by its name and by its own key. */
const isRoot = (certificate: Certificate): boolean =>
  certificate.isSelfIssued && certificate.isSignedBy(certificate);

/** Tells leaves, chains and anchors apart, wherever they were. */
export function sortParts(parts: readonly OpenedPart[]): Omit<ImportedBundle, 'formats'> {
  const warnings = parts.flatMap((part) => part.warnings);
  const found = parts.flatMap((part) => part.certificates);
  const keys = parts.flatMap((part) => part.keys);
  const certificates = found.filter(
    ({ value }, i) => found.findIndex((other) => other.value.equals(value)) === i,
  );
  const all = certificates.map(({ value }) => value);
  const keyOf = (certificate: Certificate): Named<PrivateKey> | undefined =>
    keys.find(({ value }) => value.belongsTo(certificate));
  const keyed = certificates.filter(({ value }) => keyOf(value));
  // The key of a CA is an identity only when there is no other: some administrators ship their CA whole.
  const owners = keyed.some(({ value }) => !isCa(value)) ? keyed.filter(({ value }) => !isCa(value)) : keyed;
  const leaves = owners.flatMap(({ value: certificate, name }): BundleLeaf[] => {
    const key = keyOf(certificate);
    if (!key) return [];
    const chain = chainOf(certificate, all).filter((one, i) => i > 0 && !one.isSelfIssued);
    return [{ certificate, key: key.value, chain, name: name ?? key.name }];
  });
  for (const { value } of keyed)
    if (isCa(value))
      warnings.push(
        `The bundle holds the private key of the CA "${value.label}": whoever has it can pose as anyone.`,
      );
  const isLeaf = (one: Certificate): boolean => leaves.some(({ certificate }) => certificate.equals(one));
  const anchors = all.filter((one) => isRoot(one) && (isCa(one) || !isLeaf(one)));
  const used = (one: Certificate): boolean =>
    isLeaf(one) || anchors.includes(one) || leaves.some(({ chain }) => chain.includes(one));
  const looseCertificates = all.filter((one) => !used(one));
  const looseKeys = keys.filter(({ value }) => !leaves.some(({ key }) => key === value));
  for (const one of looseCertificates)
    if (!isCa(one)) warnings.push(`The private key of the certificate "${one.label}" is missing.`);
  for (const { value } of looseKeys)
    if (!all.some((one) => value.belongsTo(one)))
      warnings.push(`The ${value} belongs to no certificate here.`);
  return {
    leaves,
    anchors,
    loose: { certificates: looseCertificates, keys: looseKeys.map(({ value }) => value) },
    warnings,
  };
}

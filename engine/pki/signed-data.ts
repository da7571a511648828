/**
 * CMS SignedData (RFC 5652 §5), also known as PKCS#7: a chain of certificates without content (`.p7b`), or content
 * under signatures, such as a signed configuration profile.
 */
import { createHash } from 'node:crypto';
import { equalBytes } from '../base/bytes.ts';
import { decodeAlgorithm } from './algorithm-identifier.ts';
import {
  children,
  content,
  damaged,
  implicitOctets,
  type Node,
  octets,
  oid,
  parse,
  raw,
  tagged,
} from './asn1-nodes.ts';
import { Certificate } from './certificate.ts';
import { PkiError } from './error.ts';
import { own } from './pbe.ts';
import { HASH, type SignatureScheme } from './scheme.ts';
import { verifySignature } from './sign.ts';

export interface SignedData {
  readonly certificates: readonly Certificate[];
  /** `undefined` where there is none to sign (a chain of certificates). */
  readonly content: Uint8Array | undefined;
  /** Whose signatures fit the content. Whether to trust them is another question, which nobody asks here. */
  readonly signers: readonly Certificate[];
  readonly warnings: readonly string[];
}

const SIGNED_DATA = '1.2.840.113549.1.7.2';
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4';
const MAX_CERTIFICATES = 256;
const MAX_SIGNERS = 8;

const HASHES: Readonly<Record<string, { readonly name: string; readonly id: number }>> = {
  '1.3.14.3.2.26': { name: 'sha1', id: HASH.SHA1 },
  '2.16.840.1.101.3.4.2.1': { name: 'sha256', id: HASH.SHA2_256 },
  '2.16.840.1.101.3.4.2.2': { name: 'sha384', id: HASH.SHA2_384 },
  '2.16.840.1.101.3.4.2.3': { name: 'sha512', id: HASH.SHA2_512 },
};
/** Algorithms that name the key alone and leave the hash to `digestAlgorithm` (RFC 3370 §3.2). */
const KEY_ONLY: Readonly<Record<string, 'rsa-pkcs1' | 'ecdsa'>> = {
  '1.2.840.113549.1.1.1': 'rsa-pkcs1',
  '1.2.840.10045.2.1': 'ecdsa',
};

/** Whether the element is a ContentInfo with SignedData. */
export function isSignedData(node: Node): boolean {
  try {
    return oid(children(node, 'a ContentInfo')[0], 'a ContentInfo') === SIGNED_DATA;
  } catch {
    return false;
  }
}

/** @throws PkiError `not-a-bundle`, `bad-signature`, `too-large` */
export function openSignedData(file: Uint8Array): SignedData {
  const info = parse(file, 'the CMS file');
  if (!isSignedData(info)) throw damaged('it holds no SignedData');
  const parts = children(content(children(info, 'the CMS file')[1], 'the SignedData'), 'the SignedData');
  const warnings: string[] = [];
  const certificates = readCertificates(parts, warnings);
  const [, wrapped] = children(parts[2], 'the content');
  const signed = wrapped && octets(content(wrapped, 'the content'), 'the content');
  const infos = children(parts.at(-1), 'the signatures');
  if (infos.length > MAX_SIGNERS)
    throw new PkiError('too-large', `there are more than ${MAX_SIGNERS} signatures`);
  const signers =
    signed === undefined ? [] : infos.flatMap((one) => signerOf(one, signed, certificates, warnings));
  return { certificates, content: signed, signers, warnings };
}

function readCertificates(parts: readonly Node[], warnings: string[]): Certificate[] {
  const set = parts.map((part) => tagged(part, 0)).find((list) => list !== undefined) ?? [];
  if (set.length > MAX_CERTIFICATES)
    throw new PkiError('too-large', `there are more than ${MAX_CERTIFICATES} certificates`);
  return set.flatMap((node) => {
    try {
      return [new Certificate(raw(node))];
    } catch (cause) {
      if (!(cause instanceof PkiError)) throw cause;
      if (node.idBlock.tagNumber !== 0)
        warnings.push(`A certificate in the file was left out: ${cause.message}.`);
      return [];
    }
  });
}

/** The certificate whose key made the signature; none, with a warning, when it is not in the file. */
function signerOf(
  info: Node,
  signed: Uint8Array,
  certificates: readonly Certificate[],
  warnings: string[],
): Certificate[] {
  const [, sid, digestAlgorithm, ...rest] = children(info, 'a signature');
  const attributes = rest.find((node) => tagged(node, 0));
  const [algorithm, value] = attributes ? rest.slice(1) : rest;
  const digestId = oid(children(digestAlgorithm, 'the hash of a signature')[0], 'the hash of a signature');
  const digest = own(HASHES, digestId);
  const scheme = algorithm && digest && schemeOf(algorithm, digest.id);
  const certificate = certificates.find((one) => sid && isNamed(one, sid));
  if (!digest || !scheme || !certificate) {
    warnings.push(
      certificate
        ? 'The file has a signature of an unsupported kind, which was not checked.'
        : 'The file is signed, but the certificate of its signer is not in it: the signature was not checked.',
    );
    return [];
  }
  const octetsSigned = attributes ? signedAttributes(attributes, signed, digest.name) : signed;
  if (!octetsSigned || !verifySignature(certificate, scheme, octetsSigned, octets(value, 'a signature')))
    throw new PkiError(
      'bad-signature',
      `the signature of "${certificate.label}" does not fit: the file was changed after it was signed`,
    );
  return [certificate];
}

/** The attributes as they were signed, if their digest fits the content (RFC 5652 §5.4). */
function signedAttributes(attributes: Node, signed: Uint8Array, hash: string): Uint8Array | undefined {
  const digest = (tagged(attributes, 0) ?? [])
    .map((attribute) => children(attribute, 'an attribute'))
    .find(([id]) => oid(id, 'an attribute') === MESSAGE_DIGEST)?.[1];
  if (!digest) return undefined;
  const expected = octets(children(digest, 'the digest')[0], 'the digest');
  if (!equalBytes(createHash(hash).update(signed).digest(), expected)) return undefined;
  const set = raw(attributes).slice();
  set[0] = 0x31; // signed as a SET, sent under an implicit [0]
  return set;
}

function schemeOf(algorithm: Node, hash: number): SignatureScheme | undefined {
  const kind = own(KEY_ONLY, oid(children(algorithm, 'an algorithm')[0], 'an algorithm'));
  return kind ? { kind, hash } : decodeAlgorithm(raw(algorithm));
}

/** By issuer and serial number, or by key identifier (RFC 5652 §5.3). */
function isNamed(certificate: Certificate, sid: Node): boolean {
  if (sid.idBlock.tagClass === 3)
    return (
      certificate.subjectKeyId !== undefined &&
      equalBytes(certificate.subjectKeyId, implicitOctets(sid, 'a key identifier'))
    );
  const [issuer, serial] = children(sid, 'the name of a signer');
  const fields = children(parse(certificate.der, 'a certificate'), 'a certificate');
  const tbs = children(fields[0], 'a certificate');
  const at = tagged(tbs[0], 0) ? 1 : 0;
  const [ownSerial, ownIssuer] = [tbs[at], tbs[at + 2]];
  if (!issuer || !serial || !ownSerial || !ownIssuer) return false;
  return equalBytes(raw(serial), raw(ownSerial)) && equalBytes(raw(issuer), raw(ownIssuer));
}

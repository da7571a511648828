/** Signatures on CRLs and OCSP responses: a CA's or responder's key over the octets as they were sent. */
import { AsnConvert } from '@peculiar/asn1-schema';
import type { AlgorithmIdentifier } from '@peculiar/asn1-x509';
import { decodeAlgorithm } from '../algorithm-identifier.ts';
import type { Certificate } from '../certificate.ts';
import { HASH } from '../scheme.ts';
import { describeScheme, verifySignature } from '../sign.ts';
import { keyWeakness } from '../strength.ts';
import type { StatusPolicy } from './port.ts';

/** Why the signature does not count, or `undefined` when it does. */
export function signatureProblem(
  signer: Certificate,
  algorithm: AlgorithmIdentifier,
  octets: Uint8Array,
  signature: Uint8Array,
  { allowLegacy }: StatusPolicy,
): string | undefined {
  const scheme = decodeAlgorithm(new Uint8Array(AsnConvert.serialize(algorithm)));
  if (!scheme) return `is signed with an unsupported algorithm (${algorithm.algorithm})`;
  if (scheme.hash === HASH.SHA1 && !allowLegacy)
    return `is signed with ${describeScheme(scheme)}, which is not safe`;
  const weak = keyWeakness(signer, allowLegacy);
  if (weak !== undefined) return `is signed with a key that is not safe: ${weak}`;
  return verifySignature(signer, scheme, octets, signature)
    ? undefined
    : `has a signature that is not by "${signer.label}"`;
}

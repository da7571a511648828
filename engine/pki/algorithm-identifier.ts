/** The AlgorithmIdentifier before a method 14 signature (RFC 7427 §3 and appendix A, RFC 8420 §3). */
import { ecdsaWithSHA1, ecdsaWithSHA256, ecdsaWithSHA384, ecdsaWithSHA512 } from '@peculiar/asn1-ecc';
import {
  id_mgf1,
  id_RSASSA_PSS,
  id_sha1WithRSAEncryption,
  id_sha256WithRSAEncryption,
  id_sha384WithRSAEncryption,
  id_sha512WithRSAEncryption,
  RsaSaPssParams,
} from '@peculiar/asn1-rsa';
import { AsnConvert } from '@peculiar/asn1-schema';
import { AlgorithmIdentifier } from '@peculiar/asn1-x509';
import { concat, equalBytes } from '../base/bytes.ts';
import { HASH, hashInfo, type SignatureScheme } from './scheme.ts';

/** DER of NULL: parameters that RSA algorithms carry (RFC 4055 §2.1, §5). */
const NULL = new Uint8Array([5, 0]).buffer;

const HASH_OIDS: readonly (readonly [number, string])[] = [
  [HASH.SHA1, '1.3.14.3.2.26'],
  [HASH.SHA2_256, '2.16.840.1.101.3.4.2.1'],
  [HASH.SHA2_384, '2.16.840.1.101.3.4.2.2'],
  [HASH.SHA2_512, '2.16.840.1.101.3.4.2.3'],
];

const SIMPLE: readonly { readonly oid: string; readonly scheme: SignatureScheme }[] = [
  { oid: id_sha1WithRSAEncryption, scheme: { kind: 'rsa-pkcs1', hash: HASH.SHA1 } },
  { oid: id_sha256WithRSAEncryption, scheme: { kind: 'rsa-pkcs1', hash: HASH.SHA2_256 } },
  { oid: id_sha384WithRSAEncryption, scheme: { kind: 'rsa-pkcs1', hash: HASH.SHA2_384 } },
  { oid: id_sha512WithRSAEncryption, scheme: { kind: 'rsa-pkcs1', hash: HASH.SHA2_512 } },
  { oid: ecdsaWithSHA1.algorithm, scheme: { kind: 'ecdsa', hash: HASH.SHA1 } },
  { oid: ecdsaWithSHA256.algorithm, scheme: { kind: 'ecdsa', hash: HASH.SHA2_256 } },
  { oid: ecdsaWithSHA384.algorithm, scheme: { kind: 'ecdsa', hash: HASH.SHA2_384 } },
  { oid: ecdsaWithSHA512.algorithm, scheme: { kind: 'ecdsa', hash: HASH.SHA2_512 } },
  { oid: '1.3.101.112', scheme: { kind: 'ed25519', hash: HASH.IDENTITY } },
  { oid: '1.3.101.113', scheme: { kind: 'ed448', hash: HASH.IDENTITY } },
];

const isNull = (parameters: ArrayBuffer): boolean =>
  equalBytes(new Uint8Array(parameters), new Uint8Array(NULL));

/** The DER of a scheme, or `undefined` when RFC 7427 has none for it. */
export function encodeAlgorithm(scheme: SignatureScheme): Uint8Array | undefined {
  if (scheme.kind === 'rsa-pss') {
    const hashOid = HASH_OIDS.find(([hash]) => hash === scheme.hash)?.[1];
    const length = hashInfo(scheme.hash)?.length;
    if (hashOid === undefined || length === undefined) return undefined;
    const hashAlgorithm = new AlgorithmIdentifier({ algorithm: hashOid, parameters: NULL });
    const maskGenAlgorithm = new AlgorithmIdentifier({
      algorithm: id_mgf1,
      parameters: AsnConvert.serialize(hashAlgorithm),
    });
    const parameters = AsnConvert.serialize(
      new RsaSaPssParams({ hashAlgorithm, maskGenAlgorithm, saltLength: scheme.saltLength ?? length }),
    );
    return new Uint8Array(
      AsnConvert.serialize(new AlgorithmIdentifier({ algorithm: id_RSASSA_PSS, parameters })),
    );
  }
  const entry = SIMPLE.find(
    ({ scheme: s }) => s.kind === scheme.kind && s.hash === (scheme.hash ?? HASH.IDENTITY),
  );
  if (!entry) return undefined;
  const algorithm = new AlgorithmIdentifier({ algorithm: entry.oid });
  if (scheme.kind === 'rsa-pkcs1') algorithm.parameters = NULL;
  return new Uint8Array(AsnConvert.serialize(algorithm));
}

/** The scheme of a DER AlgorithmIdentifier, or `undefined` when it is none or one that we do not know. */
export function decodeAlgorithm(der: Uint8Array): SignatureScheme | undefined {
  try {
    const { algorithm, parameters } = AsnConvert.parse(der, AlgorithmIdentifier);
    if (algorithm === id_RSASSA_PSS) return parameters ? decodePss(parameters) : undefined;
    const entry = SIMPLE.find(({ oid }) => oid === algorithm);
    if (!entry) return undefined;
    // RFC 7427 appendix A: absent for all but RSA, whose parameters are NULL; some omit them.
    if (parameters && !(entry.scheme.kind === 'rsa-pkcs1' && isNull(parameters))) return undefined;
    return entry.scheme;
  } catch {
    return undefined;
  }
}

function decodePss(der: ArrayBuffer): SignatureScheme | undefined {
  const params = AsnConvert.parse(der, RsaSaPssParams);
  const { algorithm: hashOid, parameters: none } = params.hashAlgorithm;
  const hash = HASH_OIDS.find(([, oid]) => oid === hashOid)?.[0];
  const { algorithm: maskOid, parameters: maskParameters } = params.maskGenAlgorithm;
  if (hash === undefined || maskOid !== id_mgf1 || !maskParameters || params.trailerField !== 1)
    return undefined;
  if (none && !isNull(none)) return undefined;
  if (AsnConvert.parse(maskParameters, AlgorithmIdentifier).algorithm !== hashOid) return undefined;
  return { kind: 'rsa-pss', hash, saltLength: params.saltLength };
}

/** AUTH data of method 14: length octet, AlgorithmIdentifier, signature (RFC 7427 §3). */
export const joinAuthData = (algorithm: Uint8Array, signature: Uint8Array): Uint8Array =>
  concat(Uint8Array.of(algorithm.length), algorithm, signature);

export function splitAuthData(
  data: Uint8Array,
): { readonly algorithm: Uint8Array; readonly signature: Uint8Array } | undefined {
  const length = data[0];
  if (length === undefined || length === 0 || data.length <= 1 + length) return undefined;
  return { algorithm: data.subarray(1, 1 + length), signature: data.subarray(1 + length) };
}

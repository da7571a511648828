/** Asking a responder for the status of one certificate (RFC 6960), with a nonce that it may leave out (RFC 9654). */
import { createHash } from 'node:crypto';
import {
  BasicOCSPResponse,
  CertID,
  id_kp_OCSPSigning,
  id_pkix_ocsp_basic,
  id_pkix_ocsp_nonce,
  OCSPRequest,
  OCSPResponse,
  OCSPResponseStatus,
  Request,
  type ResponderID,
  type SingleResponse,
  TBSRequest,
} from '@peculiar/asn1-ocsp';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  Certificate as CertificateSyntax,
  CRLReasons,
  Extension,
} from '@peculiar/asn1-x509';
import { equalBytes } from '../../base/bytes.ts';
import { children, parse, raw, tagged } from '../asn1-nodes.ts';
import { Certificate } from '../certificate.ts';
import { PkiError } from '../error.ts';
import { DistinguishedName } from '../name.ts';
import { signatureWeakness } from '../strength.ts';
import { CLOCK_SKEW, type Status, type StatusPolicy, staleness, unknown } from './port.ts';
import { signatureProblem } from './signed.ts';

export const MAX_OCSP_OCTETS = 65_536;
export const OCSP_REQUEST_TYPE = 'application/ocsp-request';
/** Octets of a nonce (RFC 9654 §2.1). */
export const NONCE_OCTETS = 32;

const SHA1 = '1.3.14.3.2.26';
const NULL = new Uint8Array([5, 0]).buffer;
/** Certificates in a response that are tried as the responder's. */
const MAX_CERTIFICATES = 8;

const sha1 = (octets: Uint8Array): Uint8Array => new Uint8Array(createHash('sha1').update(octets).digest());
const bytes = (buffer: ArrayBuffer): Uint8Array => new Uint8Array(buffer);

/** SHA-1 of the key itself, without its algorithm (RFC 6960 §4.1.1). */
function keyHash({ der }: Certificate): Uint8Array {
  const { subjectPublicKeyInfo } = AsnConvert.parse(der, CertificateSyntax).tbsCertificate;
  return sha1(bytes(subjectPublicKeyInfo.subjectPublicKey));
}

/** SHA-1 is what every responder knows; it only names the certificate and protects nothing. */
function certId(certificate: Certificate, issuer: Certificate): CertID {
  return new CertID({
    hashAlgorithm: new AlgorithmIdentifier({ algorithm: SHA1, parameters: NULL }),
    issuerNameHash: new OctetString(sha1(certificate.issuer.der)),
    issuerKeyHash: new OctetString(keyHash(issuer)),
    serialNumber: new Uint8Array(Buffer.from(certificate.serial, 'hex')).buffer,
  });
}

/** DER of an OCSPRequest. */
export function ocspRequest(certificate: Certificate, issuer: Certificate, nonce: Uint8Array): Uint8Array {
  const extension = new Extension({
    extnID: id_pkix_ocsp_nonce,
    extnValue: new OctetString(AsnConvert.serialize(new OctetString(nonce))),
  });
  const tbsRequest = new TBSRequest({
    requestList: [new Request({ reqCert: certId(certificate, issuer) })],
    requestExtensions: [extension],
  });
  return bytes(AsnConvert.serialize(new OCSPRequest({ tbsRequest })));
}

export interface OcspAnswer {
  readonly status: Status;
  /** Until when it may be kept, in milliseconds since 1970; absent for one that may not. */
  readonly keepUntil?: number;
  /** When the responder knew it, in milliseconds since 1970. */
  readonly knownAt?: number;
}

/**
 * What the response says of `certificate`. One that cannot be relied on says nothing: `unknown` with the reason.
 * @param nonce of the request; absent for a response from the cache
 */
export function ocspStatus(
  octets: Uint8Array,
  certificate: Certificate,
  issuer: Certificate,
  nonce: Uint8Array | undefined,
  policy: StatusPolicy,
): OcspAnswer {
  try {
    return read(octets, certificate, issuer, nonce, policy);
  } catch {
    return { status: unknown('the answer of the OCSP responder cannot be read') };
  }
}

function read(
  octets: Uint8Array,
  certificate: Certificate,
  issuer: Certificate,
  nonce: Uint8Array | undefined,
  policy: StatusPolicy,
): OcspAnswer {
  const cannot = (why: string): OcspAnswer => ({ status: unknown(why) });
  if (octets.length > MAX_OCSP_OCTETS) return cannot('the answer of the OCSP responder is too large');
  const { responseStatus, responseBytes } = AsnConvert.parse(octets, OCSPResponse);
  if (responseStatus !== OCSPResponseStatus.successful || !responseBytes)
    return cannot(
      `the OCSP responder refuses to answer (${OCSPResponseStatus[responseStatus] ?? responseStatus})`,
    );
  if (responseBytes.responseType !== id_pkix_ocsp_basic)
    return cannot('the OCSP response is of an unknown kind');
  const der = bytes(responseBytes.response.buffer);
  const basic = AsnConvert.parse(der, BasicOCSPResponse);
  const { tbsResponseData: data, tbsResponseDataRaw: signed } = basic;
  const signer = signed && responder(data.responderID, receivedCertificates(der), issuer, policy);
  if (!signer) return cannot('the OCSP response is not by the issuer or by a responder that it authorized');
  const forged = signatureProblem(
    signer,
    basic.signatureAlgorithm,
    bytes(signed),
    bytes(basic.signature),
    policy,
  );
  if (forged !== undefined) return cannot(`the OCSP response ${forged}`);
  const extensions = data.responseExtensions ?? [];
  const echoed = extensions.find((e) => e.extnID === id_pkix_ocsp_nonce);
  if (extensions.some((e) => e.critical && e !== echoed))
    return cannot('the OCSP response has a critical extension that is not understood');
  if (nonce && echoed && !isNonce(bytes(echoed.extnValue.buffer), nonce))
    return cannot('the OCSP response answers another request (nonce)');
  const wanted = certId(certificate, issuer);
  const single = data.responses.find(({ certID }) => sameId(certID, wanted));
  return single ? judge(single, policy) : cannot('the OCSP response is about another certificate');
}

function judge(single: SingleResponse, { at }: StatusPolicy): OcspAnswer {
  const next = single.nextUpdate?.getTime();
  const stale = staleness('it', single.thisUpdate.getTime(), next, at);
  if (stale !== undefined) return { status: unknown(`the OCSP response is out of date: ${stale}`) };
  if (single.singleExtensions?.some((e) => e.critical))
    return { status: unknown('the OCSP response has a critical extension that is not understood') };
  const { revoked } = single.certStatus;
  const good = single.certStatus.good !== undefined;
  if (!revoked && !good) return { status: unknown('the OCSP responder does not know the certificate') };
  const status: Status = revoked
    ? {
        kind: 'revoked',
        at: revoked.revocationTime.getTime(),
        reason: revoked.revocationReason && CRLReasons[revoked.revocationReason.reason],
      }
    : { kind: 'good' };
  const knownAt = single.thisUpdate.getTime();
  return next === undefined ? { status, knownAt } : { status, knownAt, keepUntil: next };
}

function sameId(a: CertID, b: CertID): boolean {
  return (
    a.hashAlgorithm.algorithm === b.hashAlgorithm.algorithm &&
    equalBytes(bytes(a.issuerNameHash.buffer), bytes(b.issuerNameHash.buffer)) &&
    equalBytes(bytes(a.issuerKeyHash.buffer), bytes(b.issuerKeyHash.buffer)) &&
    equalBytes(bytes(a.serialNumber), bytes(b.serialNumber))
  );
}

/** Some responders send the nonce without the OCTET STRING around it (RFC 6960 §4.4.1). */
function isNonce(value: Uint8Array, nonce: Uint8Array): boolean {
  return equalBytes(value, nonce) || equalBytes(value.subarray(2), nonce);
}

/** The certificates of the response, as they were sent. */
function receivedCertificates(der: Uint8Array): Certificate[] {
  const list = children(parse(der, 'an OCSP response'), 'an OCSP response').find((node) => tagged(node, 0));
  if (!list) return [];
  const nodes = children(tagged(list, 0)?.[0], 'the certificates').slice(0, MAX_CERTIFICATES);
  return nodes.flatMap((node) => {
    try {
      return [new Certificate(raw(node))];
    } catch (cause) {
      if (cause instanceof PkiError) return [];
      throw cause;
    }
  });
}

/** The issuer itself, or one whose certificate it signed for this purpose (RFC 6960 §4.2.2.2). */
function responder(
  id: ResponderID,
  received: readonly Certificate[],
  issuer: Certificate,
  { at, allowLegacy }: StatusPolicy,
): Certificate | undefined {
  const isNamed = (certificate: Certificate): boolean => {
    if (id.byKey) return equalBytes(bytes(id.byKey.buffer), keyHash(certificate));
    return id.byName !== undefined && DistinguishedName.fromName(id.byName).equals(certificate.subject);
  };
  if (isNamed(issuer)) return issuer;
  return received.find(
    (one) =>
      isNamed(one) &&
      one.issuer.equals(issuer.subject) &&
      (one.extendedKeyUsage?.includes(id_kp_OCSPSigning) ?? false) &&
      (!one.keyUsage ||
        one.keyUsage.includes('digitalSignature') ||
        one.keyUsage.includes('nonRepudiation')) &&
      one.unknownCritical.length === 0 &&
      at >= one.notBefore - CLOCK_SKEW &&
      at <= one.notAfter + CLOCK_SKEW &&
      (allowLegacy || signatureWeakness(one) === undefined) &&
      one.isSignedBy(issuer),
  );
}

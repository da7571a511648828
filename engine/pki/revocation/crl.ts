/** Certificate revocation lists (RFC 5280 §5, §6.3): complete ones by the certificate's own issuer, not indirect or delta. */
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  CRLReason,
  CRLReasons,
  type Extension,
  IssuingDistributionPoint,
  id_ce_cRLReasons,
  id_ce_issuingDistributionPoint,
  type RevokedCertificate,
} from '@peculiar/asn1-x509';
import { fromUtf8 } from '../../base/bytes.ts';
import type { Certificate } from '../certificate.ts';
import { DistinguishedName } from '../name.ts';
import { type CrlList, readCrl } from './crl-list.ts';
import { type Status, type StatusPolicy, staleness, unknown } from './port.ts';
import { signatureProblem } from './signed.ts';

/** Some 400,000 entries. */
export const MAX_CRL_OCTETS: number = 16 * 1024 * 1024;

const PEM = /-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----/;

/** DER of a list in DER or PEM; `undefined` when it is neither. */
export function crlDer(octets: Uint8Array): Uint8Array | undefined {
  if (octets.length > MAX_CRL_OCTETS) return undefined;
  if (octets[0] === 0x30) return octets;
  const body = PEM.exec(fromUtf8(octets))?.[1];
  return body === undefined ? undefined : new Uint8Array(Buffer.from(body, 'base64'));
}

/**
 * What the list says of `certificate`, which `issuer` issued. A list that cannot be relied on, for whatever
 * reason, says nothing: `unknown` with the reason.
 * @param url where it came from: a list for one distribution point must be that one's
 */
export function crlStatus(
  octets: Uint8Array,
  certificate: Certificate,
  issuer: Certificate,
  url: string,
  policy: StatusPolicy,
): Status {
  const der = crlDer(octets);
  if (!der) return unknown('what was fetched is no CRL');
  try {
    const list = readCrl(der);
    const problem = listProblem(list, certificate, issuer, url, policy);
    return problem === undefined ? entryStatus(list, certificate) : unknown(`the CRL ${problem}`);
  } catch {
    return unknown('the CRL cannot be read');
  }
}

function listProblem(
  list: CrlList,
  certificate: Certificate,
  issuer: Certificate,
  url: string,
  policy: StatusPolicy,
): string | undefined {
  const { tbs, signed, signatureAlgorithm, signature } = list;
  const by = DistinguishedName.fromName(tbs.issuer);
  if (!by.equals(certificate.issuer) || !by.equals(issuer.subject))
    return `is by "${by}", not by the issuer of the certificate`;
  if (issuer.keyUsage && !issuer.keyUsage.includes('cRLSign'))
    return `is by "${issuer.label}", whose key may not sign CRLs (keyUsage without cRLSign)`;
  if (tbs.signature.algorithm !== signatureAlgorithm.algorithm)
    return 'names two different signature algorithms';
  const forged = signatureProblem(issuer, signatureAlgorithm, signed, signature, policy);
  if (forged !== undefined) return forged;
  if (!tbs.nextUpdate) return 'has no nextUpdate';
  const thisUpdate = tbs.thisUpdate.getTime().getTime();
  const stale = staleness('it', thisUpdate, tbs.nextUpdate.getTime().getTime(), policy.at);
  if (stale !== undefined) return `is out of date: ${stale}`;
  return scopeProblem(tbs.crlExtensions ?? [], certificate, url);
}

/** Whether the list is about this kind of certificate, all reasons, and this issuer alone (RFC 5280 §6.3.3 b). */
function scopeProblem(
  extensions: readonly Extension[],
  certificate: Certificate,
  url: string,
): string | undefined {
  for (const extension of extensions) {
    if (extension.extnID !== id_ce_issuingDistributionPoint) {
      if (extension.critical) return `has a critical extension that is not understood (${extension.extnID})`;
      continue;
    }
    const scope = AsnConvert.parse(extension.extnValue.buffer, IssuingDistributionPoint);
    if (scope.indirectCRL) return 'is an indirect one, which is not supported';
    if (scope.onlySomeReasons) return 'is about some reasons for revocation alone';
    const isCa = certificate.basicConstraints?.ca ?? false;
    if (scope.onlyContainsAttributeCerts || (isCa ? scope.onlyContainsUserCerts : scope.onlyContainsCACerts))
      return 'is about other kinds of certificates';
    const names = scope.distributionPoint?.fullName?.map((name) => name.uniformResourceIdentifier);
    if (scope.distributionPoint && !names?.includes(url)) return 'is for another distribution point';
  }
  return undefined;
}

/** Serial numbers as in `Certificate.serial`. */
function entryStatus(list: CrlList, certificate: Certificate): Status {
  for (const entry of list.critical()) {
    // Entries of other issuers would carry a critical certificateIssuer: any critical extension spoils the list.
    const critical = entry.crlEntryExtensions?.find((e) => e.critical && e.extnID !== id_ce_cRLReasons);
    if (critical) return unknown(`the CRL has an entry with a critical extension (${critical.extnID})`);
  }
  const entry = list.find(Buffer.from(certificate.serial, 'hex'));
  return entry
    ? { kind: 'revoked', at: entry.revocationDate.getTime().getTime(), reason: reasonOf(entry) }
    : { kind: 'good' };
}

function reasonOf({ crlEntryExtensions }: RevokedCertificate): string | undefined {
  const extension = crlEntryExtensions?.find((e) => e.extnID === id_ce_cRLReasons);
  return extension && CRLReasons[AsnConvert.parse(extension.extnValue.buffer, CRLReason).reason];
}

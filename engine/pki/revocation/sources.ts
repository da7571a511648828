/** Where a certificate says that its status can be asked: CDP (RFC 5280 §4.2.1.13) and AIA (§4.2.2.1). */
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  AuthorityInfoAccessSyntax,
  Certificate as CertificateSyntax,
  CRLDistributionPoints,
  id_ce_cRLDistributionPoints,
  id_pe_authorityInfoAccess,
} from '@peculiar/asn1-x509';
import type { Certificate } from '../certificate.ts';

export interface Sources {
  /** CRLs of the certificate's own issuer, over HTTP. */
  readonly crl: readonly string[];
  readonly ocsp: readonly string[];
  /** Where the certificate of the issuer can be had (RFC 5280 §4.2.2.1, caIssuers); for people, nobody fetches it. */
  readonly issuer: readonly string[];
  /** Said instead of a URL that can be used, such as one of LDAP. */
  readonly unusable: readonly string[];
}

/** URLs of one kind that are tried. */
const MAX_URLS = 4;
const MAX_URL_LENGTH = 2048;
const OCSP_METHOD = '1.3.6.1.5.5.7.48.1';
const CA_ISSUERS_METHOD = '1.3.6.1.5.5.7.48.2';

/** Plain HTTP, as what is fetched is signed by itself and TLS would need a check of its own (RFC 5280 §8). */
function isHttp(url: string): boolean {
  if (url.length > MAX_URL_LENGTH || !/^http:\/\//i.test(url)) return false;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  return parsed?.username === '' && parsed.password === '';
}

/** Extensions that cannot be read name nothing. */
export function sourcesOf(certificate: Certificate): Sources {
  const urls = namedBy(certificate);
  const usable = (list: readonly string[]): string[] => [...new Set(list.filter(isHttp))].slice(0, MAX_URLS);
  return {
    crl: usable(urls.crl),
    ocsp: usable(urls.ocsp),
    issuer: urls.issuer.slice(0, MAX_URLS).map((url) => url.slice(0, 200)),
    unusable: [...urls.crl, ...urls.ocsp].filter((url) => !isHttp(url)).map((url) => url.slice(0, 200)),
  };
}

function namedBy({ der }: Certificate): {
  readonly crl: readonly string[];
  readonly ocsp: readonly string[];
  readonly issuer: readonly string[];
} {
  try {
    const extensions = AsnConvert.parse(der, CertificateSyntax).tbsCertificate.extensions ?? [];
    const value = (oid: string): Uint8Array | undefined => {
      const found = extensions.find((e) => e.extnID === oid);
      return found && new Uint8Array(found.extnValue.buffer);
    };
    const points = value(id_ce_cRLDistributionPoints);
    const access = value(id_pe_authorityInfoAccess);
    // A CRL of another issuer is an indirect one; one for some reasons says too little.
    const own = points
      ? AsnConvert.parse(points, CRLDistributionPoints).filter((p) => !p.cRLIssuer && !p.reasons)
      : [];
    const described = access ? AsnConvert.parse(access, AuthorityInfoAccessSyntax) : [];
    const located = (method: string): string[] =>
      described
        .filter((a) => a.accessMethod === method)
        .flatMap((a) => a.accessLocation.uniformResourceIdentifier ?? []);
    return {
      crl: own.flatMap((p) =>
        (p.distributionPoint?.fullName ?? []).flatMap((name) => name.uniformResourceIdentifier ?? []),
      ),
      ocsp: located(OCSP_METHOD),
      issuer: located(CA_ISSUERS_METHOD),
    };
  } catch {
    return { crl: [], ocsp: [], issuer: [] };
  }
}

/** An X.509 certificate (RFC 5280 §4) with what path validation and identities need of it. */
import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import { RsaSaPssParams } from '@peculiar/asn1-rsa';
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate as CertificateSyntax,
  ExtendedKeyUsage,
  type GeneralName,
  KeyUsage,
  KeyUsageFlags,
  NameConstraints,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
} from '@peculiar/asn1-x509';
import { equalBytes, toHex } from '../base/bytes.ts';
import { formatIp, parseIp } from '../base/ip.ts';
import { PkiError } from './error.ts';
import { describeKey, type KeyInfo, keyInfo } from './key-type.ts';
import { DistinguishedName } from './name.ts';
import { POLICY_OID, type PolicyExtensions, readPolicyExtensions } from './policies.ts';

/** No certificate in use is near this; a peer's CERT payload is held to it as well. */
export const MAX_CERTIFICATE_OCTETS = 65_536;

/** One entry of subjectAltName. `other` are the kinds that IKE has no identity for. */
export type AltName =
  | { readonly kind: 'dns' | 'email' | 'uri'; readonly value: string }
  | { readonly kind: 'ip'; readonly value: Uint8Array }
  | { readonly kind: 'dn'; readonly value: DistinguishedName }
  | { readonly kind: 'other'; readonly value: string };

export interface SignatureAlgorithm {
  readonly oid: string;
  /** OID of the hash where the parameters carry it (RSASSA-PSS). */
  readonly hashOid: string | undefined;
}

const OID = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  issuerAltName: '2.5.29.18',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  crlDistributionPoints: '2.5.29.31',
  authorityKeyIdentifier: '2.5.29.35',
  extKeyUsage: '2.5.29.37',
} as const;

/** Critical extensions that do not stop us. */
const PROCESSED: ReadonlySet<string> = new Set([...Object.values(OID), ...Object.values(POLICY_OID)]);
const RSASSA_PSS = '1.2.840.113549.1.1.10';

export type KeyUsageName = keyof typeof KeyUsageFlags;

export class Certificate {
  readonly der: Uint8Array;
  readonly subject: DistinguishedName;
  readonly issuer: DistinguishedName;
  /** Hex digits, as in the encoding. */
  readonly serial: string;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly publicKey: KeyObject;
  /** `undefined` when the key is of a kind that IKEv2 has no signature for. */
  readonly key: KeyInfo | undefined;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly altNames: readonly AltName[];
  /** `undefined` without the extension. */
  readonly keyUsage: readonly KeyUsageName[] | undefined;
  /** OIDs; `undefined` without the extension. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly basicConstraints: { readonly ca: boolean; readonly pathLength: number | undefined } | undefined;
  readonly nameConstraints: NameConstraints | undefined;
  readonly policy: PolicyExtensions;
  readonly subjectKeyId: Uint8Array | undefined;
  readonly authorityKeyId: Uint8Array | undefined;
  /** OIDs of critical extensions that are not processed here. */
  readonly unknownCritical: readonly string[];
  /** X.509 version, 1..3. */
  readonly version: number;
  /** SHA-1 of SubjectPublicKeyInfo, for CERTREQ (RFC 7296 §3.7). */
  readonly spkiSha1: Uint8Array;
  /** SHA-256 of the DER, hex digits. */
  readonly fingerprint: string;
  readonly #x509: X509Certificate;

  /** @throws PkiError `not-a-certificate`, `too-large` */
  constructor(der: Uint8Array) {
    if (der.length > MAX_CERTIFICATE_OCTETS)
      throw new PkiError('too-large', `a certificate of ${der.length} octets is over the limit`);
    try {
      // Node reads PEM as well, and takes what follows the certificate in its stride.
      if (der[0] !== 0x30) throw new Error('it does not begin with a SEQUENCE');
      this.#x509 = new X509Certificate(der);
      if (!equalBytes(this.#x509.raw, der))
        throw new Error('there are octets after its end, or it is not DER');
      this.publicKey = this.#x509.publicKey;
      const syntax = AsnConvert.parse(der, CertificateSyntax);
      const tbs = syntax.tbsCertificate;
      this.der = der.slice();
      this.subject = DistinguishedName.fromName(tbs.subject);
      this.issuer = DistinguishedName.fromName(tbs.issuer);
      this.serial = toHex(new Uint8Array(tbs.serialNumber));
      this.notBefore = tbs.validity.notBefore.getTime().getTime();
      this.notAfter = tbs.validity.notAfter.getTime().getTime();
      if (!Number.isFinite(this.notBefore) || !Number.isFinite(this.notAfter))
        throw new Error('its validity is not a time');
      this.version = tbs.version + 1;
      this.key = keyInfo(this.publicKey);
      const { algorithm, parameters } = syntax.signatureAlgorithm;
      this.signatureAlgorithm = {
        oid: algorithm,
        hashOid:
          algorithm === RSASSA_PSS && parameters
            ? AsnConvert.parse(parameters, RsaSaPssParams).hashAlgorithm.algorithm
            : undefined,
      };
      const spki = new Uint8Array(AsnConvert.serialize(tbs.subjectPublicKeyInfo));
      this.spkiSha1 = new Uint8Array(createHash('sha1').update(spki).digest());
      this.fingerprint = createHash('sha256').update(der).digest('hex');

      const extensions = new Map<string, Uint8Array>();
      const unknown: string[] = [];
      for (const e of tbs.extensions ?? []) {
        if (extensions.has(e.extnID)) throw new Error(`the extension ${e.extnID} is there twice`);
        extensions.set(e.extnID, new Uint8Array(e.extnValue.buffer));
        if (e.critical && !PROCESSED.has(e.extnID)) unknown.push(e.extnID);
      }
      this.unknownCritical = unknown;
      const of = <T>(oid: string, type: new () => T): T | undefined => {
        const value = extensions.get(oid);
        return value && AsnConvert.parse(value, type);
      };
      this.altNames = (exact(extensions.get(OID.subjectAltName), SubjectAlternativeName) ?? []).map(altName);
      this.nameConstraints = exact(extensions.get(OID.nameConstraints), NameConstraints);
      this.extendedKeyUsage = exact(extensions.get(OID.extKeyUsage), ExtendedKeyUsage)?.slice();
      this.policy = readPolicyExtensions((oid) => extensions.get(oid));
      const basic = of(OID.basicConstraints, BasicConstraints);
      this.basicConstraints = basic && { ca: basic.cA, pathLength: basic.pathLenConstraint };
      const usage = of(OID.keyUsage, KeyUsage)?.toNumber();
      this.keyUsage =
        usage === undefined ? undefined : USAGE_NAMES.filter((name) => (usage & KeyUsageFlags[name]) !== 0);
      const ski = of(OID.subjectKeyIdentifier, SubjectKeyIdentifier);
      this.subjectKeyId = ski && new Uint8Array(ski.buffer);
      const aki = of(OID.authorityKeyIdentifier, AuthorityKeyIdentifier)?.keyIdentifier;
      this.authorityKeyId = aki && new Uint8Array(aki.buffer);
    } catch (cause) {
      throw new PkiError(
        'not-a-certificate',
        `not an X.509 certificate: ${cause instanceof Error ? cause.message : String(cause)}`,
      );
    }
  }

  get isSelfIssued(): boolean {
    return this.subject.equals(this.issuer);
  }

  get keyText(): string {
    return this.key ? describeKey(this.key) : (this.publicKey.asymmetricKeyType ?? 'unknown');
  }

  /** The subject, or what stands for it when it is empty. */
  get label(): string {
    if (!this.subject.isEmpty) return this.subject.toString();
    const name = this.altNames[0];
    return name ? altNameText(name) : `serial ${this.serial}`;
  }

  /** Whether `issuer`'s key made the signature on this certificate. */
  isSignedBy(issuer: Certificate): boolean {
    try {
      return this.#x509.verify(issuer.publicKey);
    } catch {
      // A key of another kind than the signature's algorithm.
      return false;
    }
  }

  equals(other: Certificate): boolean {
    return equalBytes(this.der, other.der);
  }
}

const USAGE_NAMES = Object.keys(KeyUsageFlags).filter((k): k is KeyUsageName => !/^[0-9]/.test(k));

/** Reads an extension and refuses what does not write back as it was: the reader skips what it cannot read. */
function exact<T>(value: Uint8Array | undefined, type: new () => T): T | undefined {
  if (!value) return undefined;
  const parsed = AsnConvert.parse(value, type);
  if (!equalBytes(new Uint8Array(AsnConvert.serialize(parsed)), value))
    throw new Error(`the extension ${type.name} is not well-formed DER`);
  return parsed;
}

function altName(name: GeneralName): AltName {
  if (name.dNSName !== undefined) return { kind: 'dns', value: name.dNSName };
  if (name.rfc822Name !== undefined) return { kind: 'email', value: name.rfc822Name };
  if (name.uniformResourceIdentifier !== undefined)
    return { kind: 'uri', value: name.uniformResourceIdentifier };
  if (name.directoryName) return { kind: 'dn', value: DistinguishedName.fromName(name.directoryName) };
  if (name.iPAddress !== undefined) {
    const value = parseIp(name.iPAddress);
    if (!value) throw new Error(`"${name.iPAddress}" in subjectAltName is not an address`);
    return { kind: 'ip', value };
  }
  return { kind: 'other', value: name.registeredID ?? name.otherName?.typeId ?? 'unknown' };
}

/** `DNS:gw.example`, `IP:192.0.2.1`, … */
export function altNameText(name: AltName): string {
  switch (name.kind) {
    case 'dns':
      return `DNS:${name.value}`;
    case 'email':
      return `email:${name.value}`;
    case 'uri':
      return `URI:${name.value}`;
    case 'ip':
      return `IP:${formatIp(name.value)}`;
    case 'dn':
      return `DN:${name.value}`;
    case 'other':
      return `other:${name.value}`;
  }
}

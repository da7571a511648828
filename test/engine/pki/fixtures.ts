/** Certificates made for the tests: nothing is read from disk and no openssl is needed. */
import 'reflect-metadata';
import { createPrivateKey, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { Certificate } from '../../../engine/pki/certificate.ts';
import { PrivateKey } from '../../../engine/pki/private-key.ts';

// The generator's types are those of the DOM, which Node's WebCrypto follows.
x509.cryptoProvider.set(webcrypto as never);

export type KeyKind =
  | 'rsa1024'
  | 'rsa2048'
  | 'rsa2048-sha1'
  | 'rsa3072'
  | 'rsa4096'
  | 'pss2048'
  | 'p256'
  | 'p384'
  | 'p521'
  | 'ed25519';

const rsa = (modulusLength: number, hash = 'SHA-256', name = 'RSASSA-PKCS1-v1_5') => ({
  name,
  hash,
  modulusLength,
  publicExponent: Uint8Array.of(1, 0, 1),
  ...(name === 'RSA-PSS' ? { saltLength: 32 } : {}),
});
const ec = (namedCurve: string, hash: string) => ({ name: 'ECDSA', namedCurve, hash });
const ALGORITHMS = {
  rsa1024: rsa(1024),
  rsa2048: rsa(2048),
  'rsa2048-sha1': rsa(2048, 'SHA-1'),
  rsa3072: rsa(3072),
  rsa4096: rsa(4096),
  pss2048: rsa(2048, 'SHA-256', 'RSA-PSS'),
  p256: ec('P-256', 'SHA-256'),
  p384: ec('P-384', 'SHA-384'),
  p521: ec('P-521', 'SHA-512'),
  ed25519: { name: 'Ed25519' },
} as const;

export interface Issued {
  readonly certificate: Certificate;
  readonly der: Uint8Array;
  readonly key: PrivateKey;
  /** PKCS#8 PEM. */
  readonly keyPem: string;
  readonly pem: string;
  readonly pair: webcrypto.CryptoKeyPair;
  readonly kind: KeyKind;
  readonly subject: string;
}

export interface IssueOptions {
  readonly subject: string;
  readonly issuer?: Issued;
  readonly kind?: KeyKind;
  readonly ca?: boolean | { readonly pathLength: number };
  readonly from?: string;
  readonly to?: string;
  readonly dns?: readonly string[];
  readonly san?: readonly { readonly type: 'dns' | 'email' | 'ip' | 'url' | 'dn'; readonly value: string }[];
  readonly usage?: x509.KeyUsageFlags | null;
  readonly eku?: readonly string[];
  readonly extensions?: readonly x509.Extension[];
  /** Without subject and authority key identifiers. */
  readonly noKeyIds?: boolean;
  /** Instead of a fresh key. */
  readonly reuse?: Issued;
}

export const NOW: number = Date.parse('2026-06-01T00:00:00Z');

async function makePair(kind: KeyKind): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(ALGORITHMS[kind] as never, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
}

let serial = 1;

export async function issue(options: IssueOptions): Promise<Issued> {
  const kind = options.reuse?.kind ?? options.kind ?? 'p256';
  const pair = options.reuse?.pair ?? (await makePair(kind));
  const signer = options.issuer ?? { pair, kind, subject: options.subject };
  const extensions: x509.Extension[] = [...(options.extensions ?? [])];
  if (options.ca)
    extensions.push(
      new x509.BasicConstraintsExtension(
        true,
        typeof options.ca === 'object' ? options.ca.pathLength : undefined,
        true,
      ),
    );
  const usage =
    options.usage === undefined
      ? options.ca
        ? x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign
        : x509.KeyUsageFlags.digitalSignature
      : options.usage;
  if (usage !== null) extensions.push(new x509.KeyUsagesExtension(usage, true));
  if (options.eku) extensions.push(new x509.ExtendedKeyUsageExtension([...options.eku]));
  const san = [
    ...(options.san ?? []),
    ...(options.dns ?? []).map((value) => ({ type: 'dns' as const, value })),
  ];
  if (san.length > 0) extensions.push(new x509.SubjectAlternativeNameExtension(san));
  if (!options.noKeyIds) {
    extensions.push(await x509.SubjectKeyIdentifierExtension.create(pair.publicKey as never));
    extensions.push(await x509.AuthorityKeyIdentifierExtension.create(signer.pair.publicKey as never));
  }
  const made = await x509.X509CertificateGenerator.create({
    serialNumber: (serial++).toString(16).padStart(4, '0'),
    subject: options.subject,
    issuer: signer.subject,
    notBefore: new Date(options.from ?? '2026-01-01T00:00:00Z'),
    notAfter: new Date(options.to ?? '2027-01-01T00:00:00Z'),
    publicKey: pair.publicKey as never,
    signingKey: signer.pair.privateKey as never,
    signingAlgorithm: ALGORITHMS[signer.kind] as never,
    extensions,
  });
  const der = new Uint8Array(made.rawData);
  const keyObject = createPrivateKey({
    key: Buffer.from(await webcrypto.subtle.exportKey('pkcs8', pair.privateKey)),
    format: 'der',
    type: 'pkcs8',
  });
  return {
    certificate: new Certificate(der),
    der,
    key: new PrivateKey(keyObject),
    keyPem: keyObject.export({ type: 'pkcs8', format: 'pem' }) as string,
    pem: made.toString('pem'),
    pair,
    kind,
    subject: options.subject,
  };
}

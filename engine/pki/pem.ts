/** PEM text (RFC 7468) of what was imported, as profiles keep it. */
import type { BundleLeaf } from './bundle.ts';
import type { Certificate } from './certificate.ts';
import type { PrivateKey } from './private-key.ts';

export function certificatePem(certificate: Certificate): string {
  const lines =
    Buffer.from(certificate.der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** PKCS#8, not encrypted: for a profile on its way into the engine's own store, and for nothing else. */
export const privateKeyPem = (key: PrivateKey): string =>
  key.expose().export({ type: 'pkcs8', format: 'pem' }) as string;

/** A leaf as the fields of `local.auth` in a profile. */
export const leafPem = (
  leaf: BundleLeaf,
): { readonly certificate: string; readonly key: string; readonly chain: readonly string[] } => ({
  certificate: certificatePem(leaf.certificate),
  key: privateKeyPem(leaf.key),
  chain: leaf.chain.map(certificatePem),
});

/** A certificate as a person compares it before trusting it. */
import type { CertificatePreview } from '../api/import.ts';
import { altNameText, type Certificate } from '../pki/certificate.ts';

const time = (at: number): string => (Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : 'unknown');

export const previewOf = (certificate: Certificate, hasKey: boolean): CertificatePreview => ({
  fingerprint: certificate.fingerprint,
  subject: certificate.subject.toString(),
  issuer: certificate.issuer.toString(),
  altNames: certificate.altNames.map(altNameText),
  notBefore: time(certificate.notBefore),
  notAfter: time(certificate.notAfter),
  key: certificate.keyText,
  hasKey,
});

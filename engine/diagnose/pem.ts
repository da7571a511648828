/** Certificates that stand in a text as PEM (RFC 7468). */

const CERTIFICATE =
  /-----BEGIN (?:X509 )?CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END (?:X509 )?CERTIFICATE-----/g;

/** DER of each. */
export const pemBlocks = (text: string): readonly Uint8Array[] =>
  text.includes('-----BEGIN ')
    ? [...text.matchAll(CERTIFICATE)].map(([, body = '']) => new Uint8Array(Buffer.from(body, 'base64')))
    : [];

/** The text with each certificate replaced. */
export const replacePem = (text: string, by: (body: string) => string): string =>
  text.includes('-----BEGIN ') ? text.replace(CERTIFICATE, (_whole, body: string) => by(body)) : text;

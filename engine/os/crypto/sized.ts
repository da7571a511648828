/** What the ciphers on OpenSSL have in common: the octet counts of their suite, as fields of their own. */
import type { CipherSizes } from '../../crypto/port.ts';

export class Sized implements CipherSizes {
  readonly encrKeyLength: number;
  readonly integKeyLength: number;
  readonly ivLength: number;
  readonly ivKind: CipherSizes['ivKind'];
  readonly icvLength: number;
  readonly blockLength: number;

  constructor(sizes: CipherSizes) {
    this.encrKeyLength = sizes.encrKeyLength;
    this.integKeyLength = sizes.integKeyLength;
    this.ivLength = sizes.ivLength;
    this.ivKind = sizes.ivKind;
    this.icvLength = sizes.icvLength;
    this.blockLength = sizes.blockLength;
  }
}

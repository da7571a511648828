/** A private key in memory. It prints as its kind and never as its value. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { equalBytes } from '../base/bytes.ts';
import type { Certificate } from './certificate.ts';
import { PkiError } from './error.ts';
import { describeKey, type KeyInfo, keyInfo } from './key-type.ts';

export class PrivateKey {
  readonly info: KeyInfo;
  readonly #key: KeyObject;
  readonly #spki: Uint8Array;

  /** @throws PkiError `unsupported-key` for a kind that IKEv2 has no signature for */
  constructor(key: KeyObject) {
    const info = keyInfo(key);
    if (!info) {
      const kind = key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType ?? 'unknown';
      throw new PkiError('unsupported-key', `a key of the kind "${kind}" cannot sign in IKEv2`);
    }
    this.info = info;
    this.#key = key;
    this.#spki = publicOctets(createPublicKey(key));
  }

  /** For signing only. */
  expose(): KeyObject {
    return this.#key;
  }

  /** Whether the certificate carries this key's public half. */
  belongsTo(certificate: Certificate): boolean {
    return equalBytes(this.#spki, publicOctets(certificate.publicKey));
  }

  toString(): string {
    return `private key (${describeKey(this.info)})`;
  }

  toJSON(): string {
    return this.toString();
  }
}

const publicOctets = (key: KeyObject): Uint8Array =>
  new Uint8Array(key.export({ type: 'spki', format: 'der' }));

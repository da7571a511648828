/** What is wrong with a certificate, a key or an identity that somebody gave us. */

export type PkiErrorCode =
  /** Nothing that this folder knows is in the input. */
  | 'empty'
  | 'too-large'
  | 'not-a-certificate'
  | 'not-a-key'
  /** A PKCS#12 or PKCS#7 file that is damaged, or no such file. */
  | 'not-a-bundle'
  /** A signed file whose signature does not fit its content. */
  | 'bad-signature'
  /** Protected in a way that is not at hand, or that would take ages to open. */
  | 'unsupported-bundle'
  | 'passphrase-needed'
  | 'wrong-passphrase'
  | 'unsupported-key'
  /** A signature that cannot be made with this key and scheme. */
  | 'unsupported-scheme'
  | 'bad-identity';

/** Never holds key material or a passphrase. */
export class PkiError extends Error {
  readonly code: PkiErrorCode;
  /** The profile field or part of the input that is meant. */
  readonly field: string | undefined;

  constructor(code: PkiErrorCode, message: string, field?: string) {
    super(message);
    this.name = 'PkiError';
    this.code = code;
    this.field = field;
  }
}

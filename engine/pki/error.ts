/** What is wrong with a certificate, a key or an identity that somebody gave us. */

export type PkiErrorCode =
  /** Nothing that this folder knows is in the input. */
  | 'empty'
  | 'too-large'
  | 'not-a-certificate'
  | 'not-a-key'
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

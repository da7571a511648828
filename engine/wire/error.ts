/** The one error of the codec: which rule the octets broke, and where. */

export type WireErrorCode =
  /** Fewer octets than a field or a length field asks for. */
  | 'truncated'
  /** Octets left over after the last field. */
  | 'trailing'
  /** A length field, or an octet string's length, that the format forbids. */
  | 'bad-length'
  /** A field's value that the format forbids. */
  | 'bad-value'
  /** More elements than this implementation takes. */
  | 'too-many'
  /** A major version other than 2 (RFC 7296 §2.5). */
  | 'bad-version'
  /** A payload where it may not stand: after an SK payload, or sealed inside one. */
  | 'misplaced';

/** `offset` counts from the start of the decoded octets; `field` is a path such as `SA.proposal.spiSize`. */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly code: WireErrorCode;
  readonly offset: number;
  readonly field: string;

  constructor(code: WireErrorCode, offset: number, field: string) {
    super(`${field}: ${code} at octet ${offset}`);
    this.code = code;
    this.offset = offset;
    this.field = field;
  }
}

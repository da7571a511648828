/** The IKE header and the chain of payloads (RFC 7296 §3.1, §3.2). */
import type { IkeSpi, MessageId } from '../base/brand.ts';
import type { Payload } from './payloads/types.ts';

export interface Header {
  readonly spiInitiator: IkeSpi;
  readonly spiResponder: IkeSpi;
  readonly majorVersion: number;
  readonly minorVersion: number;
  readonly exchange: number;
  /** The Response flag. */
  readonly response: boolean;
  /** The Initiator flag: set by the original initiator of the IKE SA. */
  readonly initiator: boolean;
  readonly messageId: MessageId;
}

export interface Message extends Header {
  readonly payloads: readonly Payload[];
}

/** Octets of the IKE header. */
export const HEADER_LENGTH = 28;

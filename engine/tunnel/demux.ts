/** Whose an arriving IKE message is, by its header alone (RFC 7296 §3.1). */
import type { IkeSpi } from '../base/brand.ts';
import { decodeHeader } from '../wire/codec.ts';
import type { Header } from '../wire/message.ts';
import { Exchange, PayloadType } from '../wire/registry.ts';

const FIRST_PAYLOAD_AT = 16;

function headerOf(bytes: Uint8Array): Header | undefined {
  try {
    return decodeHeader(bytes);
  } catch {
    return undefined;
  }
}

/** The SPI that is ours in a message to us, by the Initiator flag; `undefined` when it is no IKE message. */
export function ownSpi(bytes: Uint8Array): IkeSpi | undefined {
  const header = headerOf(bytes);
  return header && (header.initiator ? header.spiResponder : header.spiInitiator);
}

/** Whether it may be a notification outside of any IKE SA, whose SPIs mean nothing (§1.5). */
export function isStray(bytes: Uint8Array): boolean {
  const header = headerOf(bytes);
  if (!header || header.response || !header.initiator) return false;
  return header.exchange === Exchange.INFORMATIONAL && bytes[FIRST_PAYLOAD_AT] === PayloadType.Notify;
}

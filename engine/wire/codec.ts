/**
 * IKEv2 messages: octets to values and back (RFC 7296 §3.1, §3.2). Total: any octets give a value or a
 * {@link WireError}. Values are copies, so a datagram's buffer may be reused; only the `body` of an SK or
 * SKF payload is a view of it.
 */
import type { IkeSpi, MessageId } from '../base/brand.ts';
import { fromHex, toHex } from '../base/bytes.ts';
import { decodeChain, encodeChain, GENERIC_HEADER } from './chain.ts';
import { WireError } from './error.ts';
import { HEADER_LENGTH, type Header, type Message } from './message.ts';
import { encodeFragmentHeader, FRAGMENT_HEADER } from './payloads/skf.ts';
import type { Payload, SkfPayload, SkPayload } from './payloads/types.ts';
import { Reader } from './reader.ts';
import { PayloadType } from './registry.ts';
import { Writer } from './writer.ts';

/** The only major version spoken here. */
export const MAJOR_VERSION = 2;

const FLAG_INITIATOR = 0x08;
const FLAG_RESPONSE = 0x20;

const LENGTH_AT = 24;
const NEXT_PAYLOAD_AT = 16;

export interface DecodedHeader extends Header {
  /** The Length field, not yet compared with anything. */
  readonly length: number;
  readonly nextPayload: number;
}

function readHeader(r: Reader): DecodedHeader {
  const spiInitiator = toHex(r.octets(8, 'header.spiInitiator')) as IkeSpi;
  const spiResponder = toHex(r.octets(8, 'header.spiResponder')) as IkeSpi;
  const nextPayload = r.u8('header.nextPayload');
  const version = r.u8('header.version');
  const exchange = r.u8('header.exchange');
  const flags = r.u8('header.flags');
  const messageId = r.u32('header.messageId') as MessageId;
  const length = r.u32('header.length');
  return {
    spiInitiator,
    spiResponder,
    majorVersion: version >> 4,
    minorVersion: version & 0x0f,
    exchange,
    response: (flags & FLAG_RESPONSE) !== 0,
    initiator: (flags & FLAG_INITIATOR) !== 0,
    messageId,
    length,
    nextPayload,
  };
}

/**
 * The header alone, of any version: enough to find the SA, or to answer INVALID_MAJOR_VERSION when
 * `majorVersion` is above 2 (RFC 7296 §2.5).
 * @throws WireError `truncated` below 28 octets
 */
export const decodeHeader = (bytes: Uint8Array): DecodedHeader => readHeader(new Reader(bytes));

/**
 * A whole datagram without its non-ESP marker. An SK or SKF payload comes last and stays sealed; its body
 * starts at {@link sealedBodyAt}.
 * @throws WireError; `bad-version` unless the major version is 2; `bad-length` unless Length is the datagram's
 */
export function decodeMessage(bytes: Uint8Array): Message {
  const r = new Reader(bytes);
  const { length, nextPayload, ...header } = readHeader(r);
  if (header.majorVersion !== MAJOR_VERSION) throw new WireError('bad-version', 17, 'header.version');
  if (length !== bytes.length) throw new WireError('bad-length', LENGTH_AT, 'header.length');
  return { ...header, payloads: decodeChain(nextPayload, r, 'clear') };
}

/**
 * The decrypted inside of an SK payload, or of reassembled fragments, without padding. Offsets in errors
 * count from its start.
 * @throws WireError, `misplaced` for an SK or SKF payload in it
 */
export const decodePayloads = (firstType: number, bytes: Uint8Array): Payload[] =>
  decodeChain(firstType, new Reader(bytes), 'inside');

/**
 * The plaintext of an SK payload, without padding.
 * @throws RangeError when a value does not fit its field
 */
export function encodePayloads(
  payloads: readonly Payload[],
  scratch?: Uint8Array,
): { readonly firstType: number; readonly bytes: Uint8Array } {
  const w = new Writer(scratch);
  const firstType = encodeChain(w, payloads);
  return { firstType, bytes: w.finish() };
}

/** Leaves Next Payload and Length to be set when they are known. */
function writeHeader(w: Writer, h: Header): void {
  for (const spi of [h.spiInitiator, h.spiResponder]) {
    const octets = fromHex(spi);
    if (octets.length !== 8) throw new RangeError('header.spi: not eight octets');
    w.octets(octets);
  }
  if (h.majorVersion > 15 || h.minorVersion > 15) throw new RangeError('header.version: not within 0..15');
  w.zeros(1);
  w.u8((h.majorVersion << 4) | h.minorVersion, 'header.version');
  w.u8(h.exchange, 'header.exchange');
  w.u8((h.initiator ? FLAG_INITIATOR : 0) | (h.response ? FLAG_RESPONSE : 0), 'header.flags');
  w.u32(h.messageId, 'header.messageId');
  w.zeros(4);
}

/**
 * A message as it goes on the wire: clear, or with an SK or SKF payload that is already sealed as its last.
 * `scratch` is overwritten and need not be clean.
 * @throws RangeError when a value does not fit its field
 */
export function encodeMessage(
  header: Header,
  payloads: readonly Payload[],
  scratch?: Uint8Array,
): Uint8Array {
  const w = new Writer(scratch);
  writeHeader(w, header);
  w.setU8(NEXT_PAYLOAD_AT, encodeChain(w, payloads), 'header.nextPayload');
  w.setU32(LENGTH_AT, w.length, 'header.length');
  return w.finish();
}

/** What stands around a sealed body. */
export type SealedFrame =
  | { readonly kind: 'SK'; readonly firstInner: number }
  /** `firstInner` is sent in fragment 1 and is 0 in all others (RFC 7383 §2.5); this is done here. */
  | { readonly kind: 'SKF'; readonly firstInner: number; readonly number: number; readonly total: number };

/** Offset of a sealed body in a message that has nothing but it. */
export const sealedBodyOffset = (kind: SealedFrame['kind']): number =>
  HEADER_LENGTH + GENERIC_HEADER + (kind === 'SKF' ? FRAGMENT_HEADER : 0);

/**
 * A message of its final size with everything in place but the body of its only payload: `bytes[0..bodyAt)`
 * is the associated data of an AEAD, and `bodyLength` octets from `bodyAt` to the end are zero and
 * wait for IV, ciphertext and ICV (RFC 7296 §3.14, RFC 5282 §5.1).
 * @throws RangeError when a value does not fit its field
 */
export function encodeSealed(
  header: Header,
  frame: SealedFrame,
  bodyLength: number,
): { readonly bytes: Uint8Array; readonly bodyAt: number } {
  const w = new Writer(new Uint8Array(HEADER_LENGTH + GENERIC_HEADER + FRAGMENT_HEADER + bodyLength));
  writeHeader(w, header);
  w.setU8(NEXT_PAYLOAD_AT, PayloadType[frame.kind], 'header.nextPayload');
  const withInner = frame.kind === 'SK' || frame.number === 1;
  w.u8(withInner ? frame.firstInner : 0, 'payload.next');
  w.zeros(1);
  const bodyAt = sealedBodyOffset(frame.kind);
  w.u16(bodyAt - HEADER_LENGTH + bodyLength, 'payload.length');
  if (frame.kind === 'SKF') encodeFragmentHeader(w, frame.number, frame.total);
  w.zeros(bodyLength);
  w.setU32(LENGTH_AT, w.length, 'header.length');
  return { bytes: w.finish(), bodyAt };
}

/** The sealed payload of a decoded message, if it has one. */
export function sealedOf(message: Message): SkPayload | SkfPayload | undefined {
  const last = message.payloads.at(-1);
  return last?.kind === 'SK' || last?.kind === 'SKF' ? last : undefined;
}

/**
 * Offset of a sealed payload's body in the datagram that it was decoded from: the associated data is
 * `datagram[0..offset)`, and an ICV over the whole message covers it to its end.
 */
export const sealedBodyAt = (datagram: Uint8Array, sealed: SkPayload | SkfPayload): number =>
  datagram.length - sealed.body.length;

/**
 * The type of the first payload that is not known here and whose sender insists on it: the message is to be
 * answered with UNSUPPORTED_CRITICAL_PAYLOAD (RFC 7296 §2.5).
 */
export function firstUnsupportedCritical(payloads: readonly Payload[]): number | undefined {
  for (const p of payloads) if (p.kind === 'Unknown' && p.critical) return p.type;
  return undefined;
}

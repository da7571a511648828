/**
 * What AUTH says of the IKE_INTERMEDIATE messages (RFC 9242 §3.3): each is run through the PRF in the form that it has
 * before encryption and fragmentation, chained over all rounds, under the SK_p that its round began with.
 */
import { concat, u32, writeU16, writeU32 } from '../base/bytes.ts';
import { encodePayloads, encodeSealed, sealedBodyAt } from '../wire/codec.ts';
import type { Header } from '../wire/message.ts';
import type { Payload, SkfPayload, SkPayload } from '../wire/payloads/types.ts';
import { PayloadType } from '../wire/registry.ts';

import type { Core } from './core.ts';
import type { IkeSa } from './ike-sa.ts';

/** A message of the peer as it came, and what was in it. */
export interface Opened {
  /** The datagram, or that of any of the fragments. */
  readonly datagram: Uint8Array;
  readonly sealed: SkPayload | SkfPayload;
  readonly firstInner: number;
  /** All fragments together. */
  readonly plaintext: Uint8Array;
}

/** The chained values of both sides so far. */
export interface IntAuth {
  readonly ours: Uint8Array;
  readonly peers: Uint8Array;
  readonly rounds: number;
}

const NEXT_PAYLOAD_AT = 16;
const LENGTH_AT = 24;
const GENERIC_HEADER = 4;
const FRAGMENT_HEADER = 4;

/** IntAuth_[i|r]A | IntAuth_[i|r]P of a message of ours (§3.3.2). */
export function sentOctets(header: Header, payloads: readonly Payload[]): Uint8Array {
  const { firstType, bytes } = encodePayloads(payloads);
  const whole = encodeSealed(header, { kind: 'SK', firstInner: firstType }, bytes.length);
  whole.bytes.set(bytes, whole.bodyAt);
  return whole.bytes;
}

/** The same of a message of the peer: the lengths count neither IV nor padding nor ICV, and fragments are one. */
export function receivedOctets({ datagram, sealed, firstInner, plaintext }: Opened): Uint8Array {
  const bodyAt = sealedBodyAt(datagram, sealed) - (sealed.kind === 'SKF' ? FRAGMENT_HEADER : 0);
  const associated = datagram.slice(0, bodyAt);
  if (sealed.kind === 'SKF') associated[NEXT_PAYLOAD_AT] = PayloadType.SK;
  associated[bodyAt - GENERIC_HEADER] = firstInner;
  writeU16(associated, bodyAt - 2, GENERIC_HEADER + plaintext.length);
  writeU32(associated, LENGTH_AT, bodyAt + plaintext.length);
  return concat(associated, plaintext);
}

/** One round more; both messages count under the keys that protected them. */
export function extendIntAuth(core: Core, sa: IkeSa, ours: Uint8Array, peers: Uint8Array): void {
  const { handshake } = core;
  if (!handshake || !sa.crypt) throw new TypeError('IKE_INTERMEDIATE before IKE_SA_INIT');
  const { prf } = sa.crypt;
  const before = handshake.intAuth;
  const chain = (key: Uint8Array, last: Uint8Array | undefined, octets: Uint8Array): Uint8Array =>
    core.context.crypto.prf(prf, key, ...(last ? [last] : []), octets);
  handshake.intAuth = {
    ours: chain(handshake.ourSkP, before?.ours, ours),
    peers: chain(handshake.peerSkP, before?.peers, peers),
    rounds: (before?.rounds ?? 0) + 1,
  };
}

/** IntAuth_iN | IntAuth_rN | the message ID of the first IKE_AUTH; nothing without IKE_INTERMEDIATE. */
export function intAuthOctets(core: Core): Uint8Array {
  const intAuth = core.handshake?.intAuth;
  if (!intAuth) return new Uint8Array(0);
  const { ours, peers, rounds } = intAuth;
  const both = core.config.role === 'initiator' ? [ours, peers] : [peers, ours];
  return concat(...both, u32(rounds + 1));
}

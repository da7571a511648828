/**
 * One IKE SA's message IDs both ways (RFC 7296 §2.2, §2.3): one request of ours at a time, and the last answer to
 * the peer's kept for its retransmits.
 */
import type { Instant, MessageId } from '../base/brand.ts';
import { wipe } from '../base/bytes.ts';
import type { Payload } from '../wire/payloads/types.ts';
import type { Exchange } from './exchanges/exchange.ts';
import { Reassembly } from './parts/fragments.ts';
import type { Protection } from './sealed.ts';

/** A request of ours that waits for its answer. */
export interface Flight {
  readonly exchange: Exchange;
  readonly messageId: MessageId;
  /** The datagrams for the fragment size with this index. */
  readonly build: (sizeIndex: number) => Uint8Array[];
  datagrams: Uint8Array[];
  sizeIndex: number;
  sends: number;
  readonly firstSentAt: Instant;
  tries: number;
  readonly inbound: Reassembly;
}

/** The last request that was answered. */
export interface Answered {
  readonly messageId: MessageId;
  readonly exchange: number;
  /** Its first datagram, to know a retransmit without decrypting it. */
  readonly request: Uint8Array;
  readonly payloads: readonly Payload[];
  /** What it was sealed with, which an additional key exchange replaces afterwards. */
  protection: Protection | undefined;
  datagrams: Uint8Array[];
  sizeIndex: number;
  resends: number;
}

export class Window {
  nextOut = 0;
  nextIn = 0;
  flight: Flight | undefined;
  answered: Answered | undefined;
  /** A request whose answer waits for a signature or a verdict. */
  pending:
    | { readonly messageId: MessageId; readonly exchange: number; readonly request: Uint8Array }
    | undefined;
  readonly inbound: Reassembly = new Reassembly();

  takeId(): MessageId {
    return this.nextOut++ as MessageId;
  }

  /** The ID that the next request gets. */
  peekId(): MessageId {
    return this.nextOut as MessageId;
  }

  /** @param current what the SA seals with, which its owner destroys */
  clear(current: Protection | undefined): void {
    this.flight?.inbound.clear();
    this.flight = undefined;
    this.pending = undefined;
    this.inbound.clear();
    if (this.answered?.protection !== current) this.answered?.protection?.destroy();
    if (this.answered) this.answered.protection = undefined;
    for (const payload of this.answered?.payloads ?? []) if (payload.kind === 'AUTH') wipe(payload.data);
  }
}

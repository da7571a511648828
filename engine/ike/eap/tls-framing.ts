/**
 * TLS in EAP packets: flags, length, fragments and their acknowledgements (RFC 5216 §2.1.5, §3.1; RFC 5281 §9.2;
 * PEAP has the same). A message here is what one side sends before it waits for the other.
 */
import { concat, readU32, u32 } from '../../base/bytes.ts';

export const TlsFlag = { LENGTH: 0x80, MORE: 0x40, START: 0x20 } as const;

/** Longest message that is put together: a long chain of large certificates is a third of it. */
export const MOST_OCTETS = 65_536;
/** TLS octets in one packet of ours: what fits through any RADIUS server behind the gateway. */
const FRAGMENT = 1024;

export type Framed =
  | { readonly kind: 'start' }
  /** Nothing in it: an acknowledgement, or the other side has nothing to say. */
  | { readonly kind: 'ack' }
  /** To be acknowledged; more follows. */
  | { readonly kind: 'part' }
  | { readonly kind: 'message'; readonly octets: Uint8Array }
  | { readonly kind: 'broken'; readonly message: string };

const broken = (message: string): Framed => ({ kind: 'broken', message });

/** An empty packet. */
export const tlsAck = (): Uint8Array => Uint8Array.of(0);

export class TlsFraming {
  #parts: Uint8Array[] = [];
  #received = 0;
  /** Octets that the fragments will have in all. */
  #expected: number | undefined;
  #out: Uint8Array | undefined;

  /** Takes the type-data of one packet. */
  read(data: Uint8Array): Framed {
    const flags = data[0];
    if (flags === undefined) return broken('a packet without flags');
    if (flags & TlsFlag.START)
      return this.#expected === undefined ? { kind: 'start' } : broken('a start amid fragments');
    const withLength = (flags & TlsFlag.LENGTH) !== 0;
    if (withLength && data.length < 5) return broken('a packet too short for its length');
    const total = withLength ? readU32(data, 1) : undefined;
    const part = data.subarray(withLength ? 5 : 1);
    const more = (flags & TlsFlag.MORE) !== 0;
    if (part.length === 0 && !more && !withLength && this.#expected === undefined) return { kind: 'ack' };
    return this.#part(part, total, more);
  }

  /** The first packet of a message of ours, or the only one. */
  write(message: Uint8Array): Uint8Array {
    this.#out = undefined;
    if (message.length <= FRAGMENT) return concat(Uint8Array.of(0), message);
    this.#out = message.subarray(FRAGMENT);
    const flags = Uint8Array.of(TlsFlag.LENGTH | TlsFlag.MORE);
    return concat(flags, u32(message.length), message.subarray(0, FRAGMENT));
  }

  /** The next packet of a message, at the other side's acknowledgement; `undefined` when all was sent. */
  next(): Uint8Array | undefined {
    const rest = this.#out;
    if (!rest) return undefined;
    const more = rest.length > FRAGMENT;
    this.#out = more ? rest.subarray(FRAGMENT) : undefined;
    return concat(Uint8Array.of(more ? TlsFlag.MORE : 0), rest.subarray(0, FRAGMENT));
  }

  /** Whether fragments of ours are still to be sent. */
  get sending(): boolean {
    return this.#out !== undefined;
  }

  #part(part: Uint8Array, total: number | undefined, more: boolean): Framed {
    if (total !== undefined && total > MOST_OCTETS) return broken(`a message of ${total} octets`);
    if (this.#expected === undefined) {
      if (more && total === undefined) return broken('fragments without a length');
      this.#expected = total ?? part.length;
    } else if (total !== undefined && total !== this.#expected) return broken('fragments of another length');
    if (more && part.length === 0) return broken('a fragment with nothing in it');
    this.#received += part.length;
    if (this.#received > this.#expected) return broken('more octets than were announced');
    this.#parts.push(part.slice());
    if (more) return this.#received < this.#expected ? { kind: 'part' } : broken('a fragment too many');
    if (this.#received < this.#expected) return broken('fewer octets than were announced');
    const octets = concat(...this.#parts);
    this.#parts = [];
    this.#received = 0;
    this.#expected = undefined;
    return { kind: 'message', octets };
  }
}

/**
 * Protecting messages with SK and SKF payloads (RFC 7296 §3.14, RFC 5282, RFC 7383). One object an IKE SA: it
 * holds both directions' keys and counts IVs.
 */
import { writeU32 } from '../base/bytes.ts';
import type { CipherSuite, CryptoProvider, PacketCipher, RandomSource } from '../crypto/port.ts';
import { encodePayloads, encodeSealed, type SealedFrame, sealedBodyAt } from '../wire/codec.ts';
import type { Header } from '../wire/message.ts';
import type { Payload, SkfPayload, SkPayload } from '../wire/payloads/types.ts';
import type { IkeKeys } from './keymat.ts';

const IPV4_OVERHEAD = 20 + 8 + 4;
const IPV6_OVERHEAD = 40 + 8 + 4;

/** IP and UDP headers and the non-ESP marker: what stands around a message in an IP datagram. */
export const overhead = (ipv6: boolean): number => (ipv6 ? IPV6_OVERHEAD : IPV4_OVERHEAD);

/** RFC 7383 §2.5.2 counts fragments in 16 bits; a message never needs so many. */
const MOST_FRAGMENTS = 255;

export class Protection {
  readonly #out: PacketCipher;
  readonly #in: PacketCipher;
  readonly #random: RandomSource;
  #counter = 0;

  /** @param initiator whether we are the SA's original initiator */
  constructor(
    crypto: CryptoProvider,
    random: RandomSource,
    suite: CipherSuite,
    keys: IkeKeys,
    initiator: boolean,
  ) {
    const i = crypto.cipher(suite, keys.ei, keys.ai);
    const r = crypto.cipher(suite, keys.er, keys.ar);
    this.#out = initiator ? i : r;
    this.#in = initiator ? r : i;
    this.#random = random;
  }

  destroy(): void {
    this.#out.destroy();
    this.#in.destroy();
  }

  /**
   * The datagrams of one message: one with SK, or several with SKF when `size` (octets of an IP datagram) is given
   * and too small for one.
   */
  protect(
    header: Header,
    payloads: readonly Payload[],
    size: number | undefined,
    ipv6: boolean,
  ): Uint8Array[] {
    const { firstType, bytes } = encodePayloads(payloads);
    const room = size === undefined ? Number.POSITIVE_INFINITY : size - overhead(ipv6);
    const whole = this.#seal(header, { kind: 'SK', firstInner: firstType }, bytes);
    if (whole.length <= room) return [whole];
    const chunk = this.#chunkSize(room);
    const total = Math.ceil(bytes.length / chunk);
    if (total > MOST_FRAGMENTS) return [whole];
    return Array.from({ length: total }, (_, i) =>
      this.#seal(
        header,
        { kind: 'SKF', firstInner: firstType, number: i + 1, total },
        bytes.subarray(i * chunk, (i + 1) * chunk),
      ),
    );
  }

  /** Plaintext octets of one fragment that fit `room` octets of message. */
  #chunkSize(room: number): number {
    const around = 28 + 8 + this.#out.ivLength + this.#out.icvLength;
    const cipherRoom = Math.floor((room - around) / this.#out.blockLength) * this.#out.blockLength;
    return Math.max(64, cipherRoom - 1);
  }

  #seal(header: Header, frame: SealedFrame, plaintext: Uint8Array): Uint8Array {
    const { ivLength, icvLength, blockLength } = this.#out;
    const padding = (blockLength - ((plaintext.length + 1) % blockLength)) % blockLength;
    const length = plaintext.length + padding + 1;
    const { bytes, bodyAt } = encodeSealed(header, frame, ivLength + length + icvLength);
    bytes.set(this.#iv(ivLength), bodyAt);
    bytes.set(plaintext, bodyAt + ivLength);
    bytes[bodyAt + ivLength + length - 1] = padding;
    this.#out.seal(bytes, 0, bodyAt, length, -1);
    return bytes;
  }

  #iv(length: number): Uint8Array {
    if (this.#out.ivKind === 'random') return this.#random(length);
    const iv = new Uint8Array(length);
    this.#counter++;
    writeU32(iv, length - 8, Math.floor(this.#counter / 0x1_0000_0000));
    writeU32(iv, length - 4, this.#counter >>> 0);
    return iv;
  }

  /** The plaintext of a sealed payload without padding, `undefined` when it is not authentic. */
  open(datagram: Uint8Array, sealed: SkPayload | SkfPayload): Uint8Array | undefined {
    const { ivLength, icvLength, blockLength } = this.#in;
    const bodyAt = sealedBodyAt(datagram, sealed);
    const length = sealed.body.length - ivLength - icvLength;
    if (length < 1 || length % blockLength !== 0) return undefined;
    const copy = datagram.slice();
    if (!this.#in.open(copy, 0, bodyAt, length, -1)) return undefined;
    const dataAt = bodyAt + ivLength;
    const padding = copy[dataAt + length - 1] as number;
    return padding + 1 > length ? undefined : copy.subarray(dataAt, dataAt + length - 1 - padding);
  }
}

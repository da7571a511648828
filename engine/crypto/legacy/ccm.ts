/**
 * CCM (RFC 3610) over any 128-bit block cipher: for ciphers that libraries have in CBC and CTR mode only. ESP and IKE
 * use 11-octet nonces, so that the length field has four octets (RFC 4309 §4, RFC 5529 §3).
 */
import { equalConstantTime, wipe, writeU16, writeU32 } from '../../base/bytes.ts';
import type { Aead } from '../packets.ts';

const BLOCK = 16;
/** From here on the AAD's length takes six octets (RFC 3610 §2.2). */
const LONG_AAD = 0xff00;

/** The two modes that CCM is made of, under one key. */
export interface CcmModes {
  /** CBC encryption of whole blocks from an all-zero IV. */
  cbc(blocks: Uint8Array): Uint8Array;
  /** CTR mode from this counter block on. */
  ctr(counter: Uint8Array, data: Uint8Array): Uint8Array;
  destroy(): void;
}

const roundUp = (length: number): number => Math.ceil(length / BLOCK) * BLOCK;

/** B_0, the AAD and the data as the CBC-MAC covers them. */
function format(nonce: Uint8Array, aad: Uint8Array, data: Uint8Array, icvLength: number): Uint8Array {
  const lengthField = aad.length === 0 ? 0 : aad.length < LONG_AAD ? 2 : 6;
  const header = roundUp(lengthField + aad.length);
  const blocks = new Uint8Array(BLOCK + header + roundUp(data.length));
  blocks[0] = (aad.length > 0 ? 0x40 : 0) | (((icvLength - 2) / 2) << 3) | (14 - nonce.length);
  writeU32(blocks, BLOCK - 4, data.length);
  // A nonce of more than 11 octets leaves less than four to the length, whose upper octets are then zero.
  blocks.set(nonce, 1);
  if (lengthField === 2) writeU16(blocks, BLOCK, aad.length);
  else if (lengthField === 6) {
    writeU16(blocks, BLOCK, 0xfffe);
    writeU32(blocks, BLOCK + 2, aad.length);
  }
  blocks.set(aad, BLOCK + lengthField);
  blocks.set(data, BLOCK + header);
  return blocks;
}

/** Nonces have 7 to 13 octets; with 13, data has fewer than 2^16. The caller sees to both. */
export function ccm(modes: CcmModes, icvLength: number): Aead {
  function mac(nonce: Uint8Array, aad: Uint8Array, data: Uint8Array): Uint8Array {
    const blocks = format(nonce, aad, data, icvLength);
    const chained = modes.cbc(blocks);
    wipe(blocks);
    return chained.slice(-BLOCK);
  }

  /** One run of CTR over S_0's block and the data: the first block masks the MAC. */
  function stream(nonce: Uint8Array, tag: Uint8Array, data: Uint8Array): Uint8Array {
    const counter = new Uint8Array(BLOCK);
    counter[0] = 14 - nonce.length;
    counter.set(nonce, 1);
    const input = new Uint8Array(BLOCK + data.length);
    input.set(tag);
    input.set(data, BLOCK);
    return modes.ctr(counter, input);
  }

  return {
    seal(nonce, aad, data) {
      const streamed = stream(nonce, mac(nonce, aad, data), data);
      const out = new Uint8Array(data.length + icvLength);
      out.set(streamed.subarray(BLOCK));
      out.set(streamed.subarray(0, icvLength), data.length);
      return out;
    },
    open(nonce, aad, sealed) {
      const length = sealed.length - icvLength;
      const streamed = stream(nonce, sealed.subarray(length), sealed.subarray(0, length));
      const data = streamed.slice(BLOCK);
      const expected = mac(nonce, aad, data).subarray(0, icvLength);
      if (equalConstantTime(expected, streamed.subarray(0, icvLength))) return data;
      wipe(data);
      return undefined;
    },
    destroy: () => modes.destroy(),
  };
}

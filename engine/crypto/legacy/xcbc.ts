/** AES-XCBC-MAC (RFC 3566 §4), which no library has: a CBC-MAC whose last block is masked by a derived key. */
import { concat, wipe } from '../../base/bytes.ts';

const BLOCK = 16;

/** AES-128 in CBC mode from an all-zero IV over whole blocks. */
export type ZeroIvCbc = (key: Uint8Array, blocks: Uint8Array) => Uint8Array;

/** The whole 16 octets under a 16-octet key; AES-XCBC-MAC-96 takes the first 12. */
export function aesXcbc(cbc: ZeroIvCbc, key: Uint8Array, ...data: readonly Uint8Array[]): Uint8Array {
  const derive = (octet: number): Uint8Array => cbc(key, new Uint8Array(BLOCK).fill(octet));
  const [k1, k2, k3] = [derive(1), derive(2), derive(3)];
  const message = concat(...data);
  const whole = message.length > 0 && message.length % BLOCK === 0;
  const blocks = new Uint8Array(Math.max(1, Math.ceil(message.length / BLOCK)) * BLOCK);
  blocks.set(message);
  if (!whole) blocks[message.length] = 0x80;
  const mask = whole ? k2 : k3;
  const last = blocks.length - BLOCK;
  for (let i = 0; i < BLOCK; i++) blocks[last + i] = (blocks[last + i] as number) ^ (mask[i] as number);
  const chained = cbc(k1, blocks);
  const mac = chained.slice(last, last + BLOCK);
  wipe(k1, k2, k3, message, blocks, chained);
  return mac;
}

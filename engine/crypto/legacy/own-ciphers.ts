/** The ciphers that no well-kept library has, in CBC mode, by the registry's name of their primitive. */
import type { Primitive } from '../algorithms.ts';
import type { BareCipher } from '../packets.ts';
import { blockCbc } from './block-cipher.ts';
import { serpent } from './serpent.ts';
import { twofish } from './twofish.ts';

export const isOwnCipher = (primitive: Primitive): boolean =>
  primitive === 'serpent' || primitive === 'twofish';

/** The cipher under a key of 16, 24 or 32 octets; `undefined` when it is not our own. */
export function ownCipher(primitive: Primitive, key: Uint8Array): BareCipher | undefined {
  if (primitive === 'serpent') return blockCbc(serpent(key));
  return primitive === 'twofish' ? blockCbc(twofish(key)) : undefined;
}

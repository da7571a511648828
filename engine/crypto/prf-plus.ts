/** Key stretching (RFC 7296 §2.13): prf+ (K, S) = T1 | T2 | …, Tn = prf (K, Tn-1 | S | n). */
import { wipe } from '../base/bytes.ts';
import { CryptoError, type CryptoProvider } from './port.ts';
import { prfLength, prfName } from './suites.ts';

const EMPTY = new Uint8Array(0);

/**
 * The first `length` octets of prf+ (key, seed); `seed` is the concatenation of its parts.
 * @throws CryptoError `unsupported` for an unknown PRF
 * @throws RangeError when more than 255 blocks are asked for, which the RFC does not define
 */
export function prfPlus(
  provider: CryptoProvider,
  prf: number,
  key: Uint8Array,
  length: number,
  ...seed: readonly Uint8Array[]
): Uint8Array {
  const block = prfLength(prf);
  if (block === undefined) throw new CryptoError('unsupported', prfName(prf));
  if (length > 255 * block) throw new RangeError(`prf+ gives at most ${255 * block} octets, not ${length}`);
  const out = new Uint8Array(length);
  let previous: Uint8Array = EMPTY;
  for (let n = 1, at = 0; at < length; n++, at += block) {
    const next = provider.prf(prf, key, previous, ...seed, Uint8Array.of(n));
    wipe(previous);
    previous = next;
    out.set(next.subarray(0, Math.min(block, length - at)), at);
  }
  wipe(previous);
  return out;
}

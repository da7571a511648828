/** Hash functions by HashAlgorithm number (RFC 7427 §7). */
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';

export type NobleHash = typeof sha1 | typeof sha256 | typeof sha384;

const HASHES: ReadonlyMap<number, NobleHash> = new Map<number, NobleHash>([
  [1, sha1],
  [2, sha256],
  [3, sha384],
  [4, sha512],
]);

export const nobleHash = (hash: number): NobleHash | undefined => HASHES.get(hash);

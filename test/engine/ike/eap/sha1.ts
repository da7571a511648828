/** SHA-1 of node:crypto as EAP methods take it. */
import { createHash } from 'node:crypto';

export function sha1(...data: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha1');
  for (const part of data) hash.update(part);
  return new Uint8Array(hash.digest());
}

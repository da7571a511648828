/** The Internet checksum (RFC 1071) and its incremental update (RFC 1624). */

/** Adds `length` octets from `at` to a running sum; `at` starts an even position of what is summed. */
export function sumOctets(buffer: Uint8Array, at: number, length: number, sum = 0): number {
  let total = sum;
  const end = at + length - (length & 1);
  for (let i = at; i < end; i += 2) total += ((buffer[i] as number) << 8) | (buffer[i + 1] as number);
  if (length & 1) total += (buffer[end] as number) << 8;
  // 65,535 octets add less than 2^31, and the folded remainder keeps further calls as small.
  return (total & 0xffff) + (total >>> 16);
}

/** A running sum in sixteen bits. */
export function foldSum(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + (folded >>> 16);
  return folded;
}

/** The checksum field for a running sum: its folded complement. */
export const foldChecksum = (sum: number): number => ~foldSum(sum) & 0xffff;

/** The checksum after a 16-bit word it covers changed (RFC 1624 §3, equation 3). */
export const updateChecksum = (checksum: number, before: number, after: number): number =>
  foldChecksum((~checksum & 0xffff) + (~before & 0xffff) + after);

/**
 * Checksum of an upper-layer segment with its pseudo-header (RFC 9293 §3.1, RFC 8200 §8.1). The addresses stand
 * one after the other at `addressesAt`, `addressLength` octets each. The checksum field itself must be zero.
 */
export function transportChecksum(
  buffer: Uint8Array,
  addressesAt: number,
  addressLength: number,
  protocol: number,
  at: number,
  length: number,
): number {
  const pseudo = sumOctets(
    buffer,
    addressesAt,
    2 * addressLength,
    protocol + (length >>> 16) + (length & 0xffff),
  );
  return foldChecksum(sumOctets(buffer, at, length, pseudo));
}

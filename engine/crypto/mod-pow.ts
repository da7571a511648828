/** Modular exponentiation on BigInt. Its time depends on the exponent: for public values, and where nothing else is. */

/** base^exponent mod modulus, by windows of four bits from the top; the exponent is big-endian. */
export function modPow(base: bigint, exponent: Uint8Array, modulus: bigint): bigint {
  const table: bigint[] = [1n];
  for (let i = 1; i < 16; i++) table.push(((table[i - 1] as bigint) * base) % modulus);
  let result = 1n;
  for (const octet of exponent) {
    for (const digit of [octet >> 4, octet & 15]) {
      for (let i = 0; i < 4; i++) result = (result * result) % modulus;
      result = (result * (table[digit] as bigint)) % modulus;
    }
  }
  return result;
}

/** A big-endian number. */
export const toBigInt = (bytes: Uint8Array): bigint => {
  let value = 0n;
  for (const octet of bytes) value = (value << 8n) | BigInt(octet);
  return value;
};

/** The number in `length` big-endian octets; it must fit. */
export function fromBigInt(value: bigint, length: number): Uint8Array {
  const out = new Uint8Array(length);
  let rest = value;
  for (let i = length - 1; i >= 0; i--, rest >>= 8n) out[i] = Number(rest & 0xffn);
  return out;
}

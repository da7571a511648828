/** What every provider checks in the same way: keys against suites, packets against buffers, public values. */

import { ENCR_ROWS, INTEG_ROWS } from './algorithms.ts';
import { fromBigInt, modPow, toBigInt } from './mod-pow.ts';
import type { ModpGroup } from './modp-groups.ts';
import { type CipherSizes, type CipherSuite, CryptoError } from './port.ts';
import { answerValueLength, cipherSizes, keyExchangeName, publicValueLength, suiteName } from './suites.ts';

/**
 * The suite's sizes, once both keys have the length that it asks for.
 * @throws CryptoError `unsupported` or `bad-key-length`
 */
export function checkKeys(suite: CipherSuite, encrKey: Uint8Array, integKey: Uint8Array): CipherSizes {
  const sizes = cipherSizes(suite);
  if (!sizes) throw new CryptoError('unsupported', `cipher suite ${suiteName(suite)}`);
  if (encrKey.length !== sizes.encrKeyLength)
    throw new CryptoError(
      'bad-key-length',
      `${ENCR_ROWS.get(suite.encr)?.name} wants ${sizes.encrKeyLength} octets of key, not ${encrKey.length}`,
    );
  if (integKey.length !== sizes.integKeyLength)
    throw new CryptoError(
      'bad-key-length',
      `${INTEG_ROWS.get(suite.integ)?.name ?? 'an AEAD'} wants ${sizes.integKeyLength} octets of integrity key, not ${integKey.length}`,
    );
  return sizes;
}

/** Whether `[aad][IV][data][ICV]` lies in the buffer with a whole number of cipher blocks. */
export function fits(
  sizes: CipherSizes,
  buffer: Uint8Array,
  aadAt: number,
  ivAt: number,
  length: number,
): boolean {
  return (
    aadAt >= 0 &&
    ivAt >= aadAt &&
    length >= 0 &&
    length % sizes.blockLength === 0 &&
    ivAt + sizes.ivLength + length + sizes.icvLength <= buffer.length
  );
}

/** For `seal`, where only our own mistake can make a packet not fit. */
export function mustFit(
  sizes: CipherSizes,
  buffer: Uint8Array,
  aadAt: number,
  ivAt: number,
  length: number,
): void {
  if (!fits(sizes, buffer, aadAt, ivAt, length))
    throw new RangeError(
      `${length} octets of data with an IV at ${ivAt} do not fit ${buffer.length} octets, or are no whole blocks`,
    );
}

export const badPublicValue = (method: number, why: string): CryptoError =>
  new CryptoError('bad-public-value', `${keyExchangeName(method)} public value: ${why}`);

/**
 * Holds the data of a peer's KE payload to the method's length (RFC 7296 §3.4).
 * @throws CryptoError `bad-public-value`
 */
export function checkPublicLength(
  method: number,
  publicValue: Uint8Array,
  from: 'initiator' | 'responder',
): void {
  const length = from === 'initiator' ? publicValueLength(method) : answerValueLength(method);
  if (publicValue.length !== length)
    throw badPublicValue(method, `${publicValue.length} octets instead of ${length}`);
}

/**
 * A peer's MODP value as a number, once it is in 2..p-2 and, where the group has a small subgroup, in that
 * (RFC 6989 §2.1 and §2.2).
 * @throws CryptoError `bad-public-value`
 */
export function checkModpValue(method: number, group: ModpGroup, publicValue: Uint8Array): bigint {
  const y = toBigInt(publicValue);
  if (y <= 1n || y >= group.prime - 1n) throw badPublicValue(method, 'not in 2..p-2');
  if (group.order !== undefined) {
    const order = fromBigInt(group.order, group.exponentLength);
    if (modPow(y, order, group.prime) !== 1n) throw badPublicValue(method, 'not in the subgroup');
  }
  return y;
}

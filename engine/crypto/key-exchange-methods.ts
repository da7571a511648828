/**
 * The registry of Key Exchange Methods (transform type 4 and the additional key exchanges of RFC 9370) by IANA number.
 *
 * Sources: RFC 2409 §6, RFC 3526, RFC 5114, RFC 5903, RFC 6954, RFC 8031, and ML-KEM of FIPS 203 under the numbers of
 * draft-ietf-ipsecme-ikev2-mlkem. Judgements follow RFC 8247 and RFC 9395.
 */
import { type AlgorithmRow, EVERY_PROVIDER, type SecurityLabel } from './algorithms.ts';

export interface KeyExchangeRow extends AlgorithmRow {
  readonly family: 'modp' | 'ecp' | 'montgomery' | 'kem';
  /** Octets of the initiator's KE data: a public value, or a KEM's encapsulation key. */
  readonly publicLength: number;
  /** Octets of the responder's KE data: a public value, or a KEM's ciphertext. */
  readonly answerLength: number;
  /** Octets of the shared secret. */
  readonly sharedLength: number;
}

const modp = (name: string, label: SecurityLabel, keyword: string, bits: number): KeyExchangeRow => ({
  name,
  label,
  keywords: [keyword],
  providers: EVERY_PROVIDER,
  family: 'modp',
  publicLength: bits / 8,
  answerLength: bits / 8,
  sharedLength: bits / 8,
});

/** Values are x ‖ y, secrets x alone (RFC 5903 §7 and §9, RFC 6954 §2). */
const ecp = (name: string, label: SecurityLabel, keyword: string, length: number): KeyExchangeRow => ({
  name,
  label,
  keywords: [keyword],
  providers: EVERY_PROVIDER,
  family: 'ecp',
  publicLength: 2 * length,
  answerLength: 2 * length,
  sharedLength: length,
});

const montgomery = (
  name: string,
  label: SecurityLabel,
  keywords: readonly string[],
  length: number,
): KeyExchangeRow => ({
  name,
  label,
  keywords,
  providers: EVERY_PROVIDER,
  family: 'montgomery',
  publicLength: length,
  answerLength: length,
  sharedLength: length,
});

const kem = (
  name: string,
  label: SecurityLabel,
  keyword: string,
  publicLength: number,
  answerLength: number,
): KeyExchangeRow => ({
  name,
  label,
  keywords: [keyword],
  providers: EVERY_PROVIDER,
  family: 'kem',
  publicLength,
  answerLength,
  sharedLength: 32,
});

/** Transform types 4 and 6 to 12. */
export const KE_ROWS: ReadonlyMap<number, KeyExchangeRow> = new Map([
  [1, modp('MODP_768', 'broken', 'modp768', 768)],
  [2, modp('MODP_1024', 'legacy', 'modp1024', 1024)],
  [5, modp('MODP_1536', 'legacy', 'modp1536', 1536)],
  [14, modp('MODP_2048', 'recommended', 'modp2048', 2048)],
  [15, modp('MODP_3072', 'recommended', 'modp3072', 3072)],
  [16, modp('MODP_4096', 'recommended', 'modp4096', 4096)],
  [17, modp('MODP_6144', 'acceptable', 'modp6144', 6144)],
  [18, modp('MODP_8192', 'acceptable', 'modp8192', 8192)],
  [19, ecp('ECP_256', 'recommended', 'ecp256', 32)],
  [20, ecp('ECP_384', 'recommended', 'ecp384', 48)],
  [21, ecp('ECP_521', 'recommended', 'ecp521', 66)],
  // Primes of unknown origin with small subgroups (RFC 8247 §2.4).
  [22, modp('MODP_1024_160', 'broken', 'modp1024s160', 1024)],
  [23, modp('MODP_2048_224', 'legacy', 'modp2048s224', 2048)],
  [24, modp('MODP_2048_256', 'legacy', 'modp2048s256', 2048)],
  [25, ecp('ECP_192', 'legacy', 'ecp192', 24)],
  [26, ecp('ECP_224', 'acceptable', 'ecp224', 28)],
  [27, ecp('BRAINPOOL_P224R1', 'acceptable', 'ecp224bp', 28)],
  [28, ecp('BRAINPOOL_P256R1', 'acceptable', 'ecp256bp', 32)],
  [29, ecp('BRAINPOOL_P384R1', 'acceptable', 'ecp384bp', 48)],
  [30, ecp('BRAINPOOL_P512R1', 'acceptable', 'ecp512bp', 64)],
  [31, montgomery('CURVE_25519', 'recommended', ['x25519', 'curve25519'], 32)],
  [32, montgomery('CURVE_448', 'acceptable', ['x448', 'curve448'], 56)],
  [35, kem('ML_KEM_512', 'acceptable', 'mlkem512', 800, 768)],
  [36, kem('ML_KEM_768', 'recommended', 'mlkem768', 1184, 1088)],
  [37, kem('ML_KEM_1024', 'recommended', 'mlkem1024', 1568, 1568)],
]);

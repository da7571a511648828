/**
 * What IKE must know of algorithms before it holds a key: sizes, names and judgements, out of the registries
 * `algorithms.ts` and `key-exchange-methods.ts`.
 */
import { ENCR_ROWS, HASH_ROWS, INTEG_ROWS, PRF_ROWS, type SecurityLabel } from './algorithms.ts';
import { KE_ROWS } from './key-exchange-methods.ts';
import type { CipherSizes, CipherSuite } from './port.ts';
import { isKeyExchangeKind, TransformKind } from './transform-kinds.ts';

/** Whether a transform of type 1 brings its own integrity check; `undefined` when it has no row. */
export function isAead(encr: number): boolean | undefined {
  const row = ENCR_ROWS.get(encr);
  return row && row.icvLength > 0;
}

/**
 * Octet counts of a suite. `undefined` when a number is unknown, the key length is none of the cipher's, an AEAD
 * comes with an integrity algorithm, or a plain cipher comes without one.
 */
export function cipherSizes(suite: CipherSuite): CipherSizes | undefined {
  const encr = ENCR_ROWS.get(suite.encr);
  if (!encr?.keyBits.includes(suite.keyBits)) return undefined;
  const aead = encr.icvLength > 0;
  const integ = INTEG_ROWS.get(suite.integ);
  if (integ?.ahOnly) return undefined;
  if (aead ? suite.integ !== 0 : !integ) return undefined;
  return {
    encrKeyLength: suite.keyBits / 8 + encr.saltLength,
    integKeyLength: integ?.keyLength ?? 0,
    ivLength: encr.ivLength,
    ivKind: encr.ivKind,
    icvLength: integ?.icvLength ?? encr.icvLength,
    blockLength: encr.blockLength,
  };
}

/**
 * The suite that a chosen ENCR and INTEG transform make. `keyLength` is the Key Length attribute in bits, absent
 * for a cipher with one length only. `undefined` as in {@link cipherSizes}, and when the attribute is missing or
 * superfluous (RFC 7296 §3.3.5).
 */
export function cipherSuite(
  encr: number,
  keyLength: number | undefined,
  integ: number,
): CipherSuite | undefined {
  const row = ENCR_ROWS.get(encr);
  if (!row || row.keyLengthAttribute !== (keyLength !== undefined)) return undefined;
  const suite = { encr, keyBits: keyLength ?? row.keyBits[0] ?? 0, integ };
  return cipherSizes(suite) && suite;
}

/** Octets of a PRF's output and of keys made for it, `undefined` for an unknown number. */
export const prfLength = (prf: number): number | undefined => PRF_ROWS.get(prf)?.length;

/**
 * Octets of each nonce that go into the first SKEYSEED's key: for AES-XCBC and AES-CMAC 8 (RFC 7296 §2.14), for
 * other PRFs all of them, said by `undefined`.
 */
export const skeyseedNonceLength = (prf: number): number | undefined =>
  PRF_ROWS.get(prf)?.skeyseedNonceLength;

/** Octets of the initiator's KE data, `undefined` for an unknown method. */
export const publicValueLength = (method: number): number | undefined => KE_ROWS.get(method)?.publicLength;

/** Octets of the responder's KE data, which for a KEM is a ciphertext; `undefined` for an unknown method. */
export const answerValueLength = (method: number): number | undefined => KE_ROWS.get(method)?.answerLength;

/**
 * The judgement on a transform; `undefined` for one that judges nothing (extended sequence numbers, NONE) or has no
 * row.
 */
export function labelOf(transform: {
  readonly type: number;
  readonly id: number;
}): SecurityLabel | undefined {
  const { type, id } = transform;
  if (type === TransformKind.ENCR) return ENCR_ROWS.get(id)?.label;
  if (type === TransformKind.PRF) return PRF_ROWS.get(id)?.label;
  if (type === TransformKind.INTEG) return INTEG_ROWS.get(id)?.label;
  return isKeyExchangeKind(type) ? KE_ROWS.get(id)?.label : undefined;
}

/** Whether a label asks for the user's explicit consent. */
export const isWeak = (label: SecurityLabel | undefined): label is 'legacy' | 'broken' =>
  label === 'legacy' || label === 'broken';

/** Octets of a digest, `undefined` for an unknown HashAlgorithm number. */
export const hashLength = (hash: number): number | undefined => HASH_ROWS.get(hash)?.length;

/** For people: `AES_GCM_16_256`, `AES_CBC_256/HMAC_SHA2_256_128`. */
export function suiteName(suite: CipherSuite): string {
  const encr = ENCR_ROWS.get(suite.encr);
  const bits = encr && !encr.keyLengthAttribute ? '' : `_${suite.keyBits}`;
  const cipher = `${encr?.name ?? `ENCR_${suite.encr}`}${bits}`;
  if (suite.integ === 0) return cipher;
  return `${cipher}/${INTEG_ROWS.get(suite.integ)?.name ?? `INTEG_${suite.integ}`}`;
}

export const prfName = (prf: number): string => PRF_ROWS.get(prf)?.name ?? `PRF_${prf}`;
export const keyExchangeName = (method: number): string => KE_ROWS.get(method)?.name ?? `KE_${method}`;
export const hashName = (hash: number): string => HASH_ROWS.get(hash)?.name ?? `HASH_${hash}`;

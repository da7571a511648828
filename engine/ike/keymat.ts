/** Key derivation of IKE and CHILD SAs (RFC 7296 §2.14, §2.17, §2.18). */
import type { IkeSpi } from '../base/brand.ts';
import { concat, fromHex, wipe } from '../base/bytes.ts';
import type { CipherSizes, CryptoProvider } from '../crypto/port.ts';
import { prfPlus } from '../crypto/prf-plus.ts';
import { prfLength, skeyseedNonceLength } from '../crypto/suites.ts';

export interface IkeKeys {
  readonly d: Uint8Array;
  readonly ai: Uint8Array;
  readonly ar: Uint8Array;
  readonly ei: Uint8Array;
  readonly er: Uint8Array;
  readonly pi: Uint8Array;
  readonly pr: Uint8Array;
}

/** What both sides bring to a derivation, in the order of the exchange that it belongs to. */
export interface Nonces {
  readonly initiator: Uint8Array;
  readonly responder: Uint8Array;
}

/** SKEYSEED of a first IKE SA: prf(Ni | Nr, g^ir); a PRF with a short key takes only the first octets of each (§2.14). */
export function firstSkeyseed(
  crypto: CryptoProvider,
  prf: number,
  nonces: Nonces,
  shared: Uint8Array,
): Uint8Array {
  const length = skeyseedNonceLength(prf);
  const key = concat(nonces.initiator.subarray(0, length), nonces.responder.subarray(0, length));
  return crypto.prf(prf, key, shared);
}

/**
 * SKEYSEED of a rekeyed IKE SA, with the old SA's PRF and SK_d: prf(SK_d, g^ir | Ni | Nr | SK(1) | … | SK(n))
 * (§2.18; RFC 9370 §2.2.4). A round of IKE_INTERMEDIATE makes the next one in the same way, with the SK_d before it
 * (RFC 9370 §2.2.2).
 */
export function rekeySkeyseed(
  crypto: CryptoProvider,
  oldPrf: number,
  oldD: Uint8Array,
  nonces: Nonces,
  shared: Uint8Array,
  more: readonly Uint8Array[] = [],
): Uint8Array {
  return crypto.prf(oldPrf, oldD, shared, nonces.initiator, nonces.responder, ...more);
}

/** {SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr}; the caller wipes `skeyseed`. */
export function ikeKeys(
  crypto: CryptoProvider,
  prf: number,
  sizes: CipherSizes,
  skeyseed: Uint8Array,
  nonces: Nonces,
  spiInitiator: IkeSpi,
  spiResponder: IkeSpi,
): IkeKeys {
  const key = prfLength(prf) ?? 0;
  const lengths = [
    key,
    sizes.integKeyLength,
    sizes.integKeyLength,
    sizes.encrKeyLength,
    sizes.encrKeyLength,
    key,
    key,
  ];
  const parts = cut(
    prfPlus(
      crypto,
      prf,
      skeyseed,
      lengths.reduce((a, b) => a + b, 0),
      nonces.initiator,
      nonces.responder,
      fromHex(spiInitiator),
      fromHex(spiResponder),
    ),
    lengths,
  );
  const [d, ai, ar, ei, er, pi, pr] = parts as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  return { d, ai, ar, ei, er, pi, pr };
}

/** Keys of a CHILD_SA by the direction of the exchange that made it. */
export interface ChildKeys {
  readonly encrInitiator: Uint8Array;
  readonly integInitiator: Uint8Array;
  readonly encrResponder: Uint8Array;
  readonly integResponder: Uint8Array;
}

/**
 * KEYMAT = prf+(SK_d, [g^ir |] Ni | Nr [| SK(1) | … | SK(n)]) (§2.17; RFC 9370 §2.2.4); `shared` only with PFS, `more`
 * of additional key exchanges.
 */
export function childKeys(
  crypto: CryptoProvider,
  prf: number,
  d: Uint8Array,
  sizes: CipherSizes,
  nonces: Nonces,
  shared?: Uint8Array,
  more: readonly Uint8Array[] = [],
): ChildKeys {
  const lengths = [sizes.encrKeyLength, sizes.integKeyLength, sizes.encrKeyLength, sizes.integKeyLength];
  const seed = shared ? [shared, nonces.initiator, nonces.responder] : [nonces.initiator, nonces.responder];
  const all = prfPlus(
    crypto,
    prf,
    d,
    lengths.reduce((a, b) => a + b, 0),
    ...seed,
    ...more,
  );
  const [encrInitiator, integInitiator, encrResponder, integResponder] = cut(all, lengths) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  return { encrInitiator, integInitiator, encrResponder, integResponder };
}

/** Fresh copies of consecutive parts; the whole is wiped. */
function cut(all: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  let at = 0;
  const parts = lengths.map((length) => {
    const part = all.slice(at, at + length);
    at += length;
    return part;
  });
  wipe(all);
  return parts;
}

/**
 * The cryptographic binding of PEAPv0 ([MS-PEAP] §3.1.5.5): a MAC by which each side shows that tunnel and inner method
 * ended at the same peer, and the keys that follow from both. With TLS 1.3 the tunnel key is that of RFC 9427 §2.1.
 */
import { concat, utf8, wipe } from '../../base/bytes.ts';
import type { MethodContext } from './method.ts';
import { EapType } from './packet.ts';

type Sha1 = MethodContext['sha1'];

const BLOCK = 64;
const HASH = 20;
/** Of the TLV's value: reserved octet, version, received version, subtype, nonce, MAC. */
export const BINDING_LENGTH = 56;
const MAC_AT = 36;
const TLV_HEADER = 4;
const Subtype = { REQUEST: 0, RESPONSE: 1 } as const;

function hmacSha1(sha1: Sha1, key: Uint8Array, ...data: readonly Uint8Array[]): Uint8Array {
  const pads = [0x36, 0x5c].map((pad) => {
    const block = new Uint8Array(BLOCK).fill(pad);
    for (let i = 0; i < key.length; i++) block[i] = (key[i] as number) ^ pad;
    return block;
  }) as [Uint8Array, Uint8Array];
  const mac = sha1(pads[1], sha1(pads[0], ...data));
  wipe(...pads);
  return mac;
}

/** T1 = HMAC(K, S | 1 | 0 | 0), Tn = HMAC(K, Tn-1 | S | n | 0 | 0); keys have at most 64 octets. */
function prfPlus(sha1: Sha1, key: Uint8Array, seed: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(Math.ceil(length / HASH) * HASH);
  let last: Uint8Array = new Uint8Array(0);
  for (let n = 0; n * HASH < length; n++) {
    last = hmacSha1(sha1, key, last, seed, Uint8Array.of(n + 1, 0, 0));
    out.set(last, n * HASH);
  }
  return out.slice(0, length);
}

/** 32 octets of the inner method's MSK, zeroes where it makes none. */
export function innerSessionKey(msk: Uint8Array | undefined): Uint8Array {
  const isk = new Uint8Array(32);
  if (msk) isk.set(msk.subarray(0, 32));
  return isk;
}

export interface BindingKeys {
  /** Intermediate PEAP MAC key, 40 octets. */
  readonly ipmk: Uint8Array;
  /** Compound MAC key, 20 octets. */
  readonly cmk: Uint8Array;
}

/** @param tunnel the key of the TLS connection, 40 octets or more */
export function bindingKeys(sha1: Sha1, tunnel: Uint8Array, isk: Uint8Array): BindingKeys {
  const seed = concat(utf8('Inner Methods Compound Keys'), isk);
  const both = prfPlus(sha1, tunnel.subarray(0, 40), seed, 60);
  const keys = { ipmk: both.slice(0, 40), cmk: both.slice(40) };
  wipe(both, seed);
  return keys;
}

/** MSK once both sides have shown the binding. */
export const boundMsk = (sha1: Sha1, { ipmk }: BindingKeys): Uint8Array =>
  prfPlus(sha1, ipmk, concat(utf8('Session Key Generating Function'), Uint8Array.of(0)), 128).slice(0, 64);

/** MAC over a whole TLV, header included, whose own MAC is taken as zero. */
export function compoundMac(sha1: Sha1, { cmk }: BindingKeys, tlv: Uint8Array): Uint8Array {
  const blank = tlv.slice();
  blank.fill(0, TLV_HEADER + MAC_AT);
  return hmacSha1(sha1, cmk, blank, Uint8Array.of(EapType.PEAP));
}

/** What a server's TLV claims; `undefined` when it is none of version 0 that asks. */
export function readBinding(
  value: Uint8Array,
): { readonly nonce: Uint8Array; readonly mac: Uint8Array } | undefined {
  if (value.length !== BINDING_LENGTH || value[1] !== 0 || value[3] !== Subtype.REQUEST) return undefined;
  return { nonce: value.slice(4, MAC_AT), mac: value.slice(MAC_AT) };
}

/** The value of our answer, its MAC still zero. */
export const bindingAnswer = (nonce: Uint8Array): Uint8Array =>
  concat(Uint8Array.of(0, 0, 0, Subtype.RESPONSE), nonce, new Uint8Array(HASH));

/**
 * What each IKEv2 payload says, as values (RFC 7296 §3). Octet strings stay octet strings, unknown code
 * points stay numbers, and nothing here knows a key, a role or a state. The codec of a payload is in the
 * file of its name beside this one.
 */
import type { IpBytes } from '../../base/ip.ts';

/** §3.3.2; `keyLength` is the Key Length attribute in bits (§3.3.5). Other attributes survive as octets. */
export interface Transform {
  readonly type: number;
  readonly id: number;
  readonly keyLength?: number;
  readonly otherAttributes?: readonly { readonly type: number; readonly value: number | Uint8Array }[];
}

/** §3.3.1; `spi` has 0, 4 (ESP, AH) or 8 octets (IKE). `number` counts from 1. */
export interface Proposal {
  readonly number: number;
  readonly protocol: number;
  readonly spi: Uint8Array;
  readonly transforms: readonly Transform[];
}

export interface SaPayload {
  readonly kind: 'SA';
  readonly proposals: readonly Proposal[];
}
export interface KePayload {
  readonly kind: 'KE';
  readonly method: number;
  readonly data: Uint8Array;
}
export interface IdPayload {
  readonly kind: 'IDi' | 'IDr';
  readonly idType: number;
  readonly data: Uint8Array;
}
export interface CertPayload {
  readonly kind: 'CERT';
  readonly encoding: number;
  readonly data: Uint8Array;
}
/** For encoding 4 `authorities` is the concatenation of SHA-1 hashes of trusted CAs' SubjectPublicKeyInfo (§3.7). */
export interface CertreqPayload {
  readonly kind: 'CERTREQ';
  readonly encoding: number;
  readonly authorities: Uint8Array;
}
export interface AuthPayload {
  readonly kind: 'AUTH';
  readonly method: number;
  readonly data: Uint8Array;
}
export interface NoncePayload {
  readonly kind: 'Nonce';
  readonly data: Uint8Array;
}
/** §3.10; `spi` is empty unless the notification concerns an SA. */
export interface NotifyPayload {
  readonly kind: 'Notify';
  readonly protocol: number;
  readonly spi: Uint8Array;
  readonly type: number;
  readonly data: Uint8Array;
}
/** §3.11; no SPIs when the IKE SA itself is deleted. */
export interface DeletePayload {
  readonly kind: 'Delete';
  readonly protocol: number;
  readonly spis: readonly Uint8Array[];
}
export interface VendorPayload {
  readonly kind: 'Vendor';
  readonly data: Uint8Array;
}

/** §3.13.1; an address range of one family, an IP protocol (0 = any) and a port range (0..65535 = any). */
export interface TrafficSelector {
  readonly protocol: number;
  readonly startPort: number;
  readonly endPort: number;
  readonly start: IpBytes;
  readonly end: IpBytes;
}
/** §3.13; selectors of an unknown type are kept apart, as octets including their header. */
export interface TsPayload {
  readonly kind: 'TSi' | 'TSr';
  readonly selectors: readonly TrafficSelector[];
  readonly unknown?: readonly Uint8Array[];
}
/** §3.15; values are raw octets, empty in a request that asks for any. */
export interface CpPayload {
  readonly kind: 'CP';
  readonly cfgType: number;
  readonly attributes: readonly { readonly type: number; readonly value: Uint8Array }[];
}
/** §3.16; the whole EAP packet, header included. */
export interface EapPayload {
  readonly kind: 'EAP';
  readonly packet: Uint8Array;
}
/** §3.14 still sealed: IV, ciphertext and ICV. `firstInner` is the type of the first payload inside. */
export interface SkPayload {
  readonly kind: 'SK';
  readonly firstInner: number;
  readonly body: Uint8Array;
}
/** RFC 7383 §2.5 still sealed; `number` and `total` count from 1; `firstInner` is 0 but in fragment 1. */
export interface SkfPayload {
  readonly kind: 'SKF';
  readonly firstInner: number;
  readonly number: number;
  readonly total: number;
  readonly body: Uint8Array;
}
/** A payload of a type not known here; `critical` as received (§2.5). */
export interface UnknownPayload {
  readonly kind: 'Unknown';
  readonly type: number;
  readonly critical: boolean;
  readonly body: Uint8Array;
}

export type Payload =
  | SaPayload
  | KePayload
  | IdPayload
  | CertPayload
  | CertreqPayload
  | AuthPayload
  | NoncePayload
  | NotifyPayload
  | DeletePayload
  | VendorPayload
  | TsPayload
  | CpPayload
  | EapPayload
  | SkPayload
  | SkfPayload
  | UnknownPayload;

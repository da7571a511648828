/** The chain of payloads behind their generic headers (RFC 7296 §3.2). */
import { assertNever } from '../base/assert-never.ts';
import { decodeAuth, encodeAuth } from './payloads/auth.ts';
import { decodeCert, encodeCert } from './payloads/cert.ts';
import { decodeCertreq, encodeCertreq } from './payloads/certreq.ts';
import { decodeCp, encodeCp } from './payloads/cp.ts';
import { decodeDelete, encodeDelete } from './payloads/delete.ts';
import { decodeEap, encodeEap } from './payloads/eap.ts';
import { decodeId, encodeId } from './payloads/id.ts';
import { decodeKe, encodeKe } from './payloads/ke.ts';
import { decodeNonce, encodeNonce } from './payloads/nonce.ts';
import { decodeNotify, encodeNotify } from './payloads/notify.ts';
import { decodeSa, encodeSa } from './payloads/sa.ts';
import { decodeSk, encodeSk } from './payloads/sk.ts';
import { decodeSkf, encodeSkf } from './payloads/skf.ts';
import { decodeTs, encodeTs } from './payloads/ts.ts';
import type { Payload } from './payloads/types.ts';
import { decodeUnknown, encodeUnknown } from './payloads/unknown.ts';
import { decodeVendor, encodeVendor } from './payloads/vendor.ts';
import type { Reader } from './reader.ts';
import { PayloadType } from './registry.ts';
import type { Writer } from './writer.ts';

export const MAX_PAYLOADS = 256;

/** Octets of the generic payload header. */
export const GENERIC_HEADER = 4;

const CRITICAL = 0x80;

export const isSealed = (type: number): boolean => type === PayloadType.SK || type === PayloadType.SKF;

/** The type number of a payload's generic header. */
export const typeOf = (payload: Payload): number =>
  payload.kind === 'Unknown' ? payload.type : PayloadType[payload.kind];

function decodeBody(type: number, next: number, critical: boolean, r: Reader): Payload {
  switch (type) {
    case PayloadType.SA:
      return decodeSa(r);
    case PayloadType.KE:
      return decodeKe(r);
    case PayloadType.IDi:
      return decodeId('IDi', r);
    case PayloadType.IDr:
      return decodeId('IDr', r);
    case PayloadType.CERT:
      return decodeCert(r);
    case PayloadType.CERTREQ:
      return decodeCertreq(r);
    case PayloadType.AUTH:
      return decodeAuth(r);
    case PayloadType.Nonce:
      return decodeNonce(r);
    case PayloadType.Notify:
      return decodeNotify(r);
    case PayloadType.Delete:
      return decodeDelete(r);
    case PayloadType.Vendor:
      return decodeVendor(r);
    case PayloadType.TSi:
      return decodeTs('TSi', r);
    case PayloadType.TSr:
      return decodeTs('TSr', r);
    case PayloadType.CP:
      return decodeCp(r);
    case PayloadType.EAP:
      return decodeEap(r);
    case PayloadType.SK:
      return decodeSk(next, r);
    case PayloadType.SKF:
      return decodeSkf(next, r);
    default:
      return decodeUnknown(type, critical, r);
  }
}

/**
 * Reads all payloads up to the end of the window. An SK or SKF payload, allowed in the clear only, is the
 * last one; its Next Payload field tells of the inside (RFC 7296 §3.14).
 * @throws WireError
 */
export function decodeChain(firstType: number, r: Reader, where: 'clear' | 'inside'): Payload[] {
  const payloads: Payload[] = [];
  let type = firstType;
  while (type !== PayloadType.NONE) {
    if (payloads.length >= MAX_PAYLOADS) throw r.error('too-many', 'payloads');
    const sealed = isSealed(type);
    if (sealed && where === 'inside') throw r.error('misplaced', 'payload.type');
    const next = r.u8('payload.next');
    const critical = (r.u8('payload.critical') & CRITICAL) !== 0;
    const length = r.u16('payload.length');
    if (length < GENERIC_HEADER) throw r.error('bad-length', 'payload.length', 2);
    const body = r.window(length - GENERIC_HEADER, 'payload.body');
    payloads.push(decodeBody(type, next, critical, body));
    if (sealed) {
      if (r.remaining > 0) throw r.error('misplaced', 'payload.next');
      return payloads;
    }
    type = next;
  }
  r.expectEnd('payloads');
  return payloads;
}

function encodeBody(w: Writer, payload: Payload): void {
  switch (payload.kind) {
    case 'SA':
      encodeSa(w, payload);
      break;
    case 'KE':
      encodeKe(w, payload);
      break;
    case 'IDi':
    case 'IDr':
      encodeId(w, payload);
      break;
    case 'CERT':
      encodeCert(w, payload);
      break;
    case 'CERTREQ':
      encodeCertreq(w, payload);
      break;
    case 'AUTH':
      encodeAuth(w, payload);
      break;
    case 'Nonce':
      encodeNonce(w, payload);
      break;
    case 'Notify':
      encodeNotify(w, payload);
      break;
    case 'Delete':
      encodeDelete(w, payload);
      break;
    case 'Vendor':
      encodeVendor(w, payload);
      break;
    case 'TSi':
    case 'TSr':
      encodeTs(w, payload);
      break;
    case 'CP':
      encodeCp(w, payload);
      break;
    case 'EAP':
      encodeEap(w, payload);
      break;
    case 'SK':
      encodeSk(w, payload);
      break;
    case 'SKF':
      encodeSkf(w, payload);
      break;
    case 'Unknown':
      encodeUnknown(w, payload);
      break;
    default:
      assertNever(payload);
  }
}

/**
 * Appends the payloads and returns the type of the first.
 * @throws RangeError when a value does not fit its field, or an SK or SKF payload is not the last
 */
export function encodeChain(w: Writer, payloads: readonly Payload[]): number {
  for (const [i, payload] of payloads.entries()) {
    const following = payloads[i + 1];
    const start = w.length;
    if (payload.kind === 'SK' || payload.kind === 'SKF') {
      if (following) throw new RangeError(`${payload.kind}: not the last payload`);
      w.u8(payload.firstInner, 'payload.next');
    } else w.u8(following ? typeOf(following) : PayloadType.NONE, 'payload.next');
    w.u8(payload.kind === 'Unknown' && payload.critical ? CRITICAL : 0, 'payload.critical');
    w.zeros(2);
    encodeBody(w, payload);
    w.setU16(start + 2, w.length - start, 'payload.length');
  }
  const first = payloads[0];
  return first ? typeOf(first) : PayloadType.NONE;
}

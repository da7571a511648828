/** Attribute-value pairs inside EAP-TTLS (RFC 5281 §10), which look like Diameter's. */
import { concat, readU32, u32 } from '../../base/bytes.ts';

/** Codes of RADIUS attributes (RFC 5281 §10.3), and of Microsoft's (RFC 2548). */
export const AvpCode = {
  USER_NAME: 1,
  USER_PASSWORD: 2,
  REPLY_MESSAGE: 18,
  EAP_MESSAGE: 79,
} as const;
export const MICROSOFT = 311;
export const MsAvpCode = {
  CHAP_ERROR: 2,
  CHAP_CHALLENGE: 11,
  CHAP2_RESPONSE: 25,
  CHAP2_SUCCESS: 26,
} as const;

export interface Avp {
  readonly code: number;
  /** 0 for those of the IETF. */
  readonly vendor: number;
  /** Who does not know it must give up. */
  readonly mandatory: boolean;
  readonly data: Uint8Array;
}

const VENDOR = 0x80;
const MANDATORY = 0x40;
const HEADER = 8;
const MOST_AVPS = 64;

/** `undefined` when a length does not fit, or there are too many. The padding behind the last one may be missing. */
export function readAvps(bytes: Uint8Array): Avp[] | undefined {
  const avps: Avp[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < HEADER || avps.length >= MOST_AVPS) return undefined;
    const flags = bytes[at + 4] as number;
    const length = readU32(bytes, at + 4) & 0xffffff;
    const header = flags & VENDOR ? HEADER + 4 : HEADER;
    if (length < header || length > bytes.length - at) return undefined;
    avps.push({
      code: readU32(bytes, at),
      vendor: flags & VENDOR ? readU32(bytes, at + HEADER) : 0,
      mandatory: (flags & MANDATORY) !== 0,
      data: bytes.slice(at + header, at + length),
    });
    at += (length + 3) & ~3;
  }
  return avps;
}

export function writeAvp({ code, vendor, mandatory, data }: Avp): Uint8Array {
  const length = HEADER + (vendor === 0 ? 0 : 4) + data.length;
  const flags = (vendor === 0 ? 0 : VENDOR) | (mandatory ? MANDATORY : 0);
  return concat(
    u32(code),
    u32(((flags << 24) | length) >>> 0),
    vendor === 0 ? new Uint8Array(0) : u32(vendor),
    data,
    new Uint8Array(-length & 3),
  );
}

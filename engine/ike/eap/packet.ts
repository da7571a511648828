/** EAP packets (RFC 3748 §4), already cut out of their EAP payload (RFC 7296 §3.16). */
import { concat, readU16, writeU16 } from '../../base/bytes.ts';

export const EapCode = { REQUEST: 1, RESPONSE: 2, SUCCESS: 3, FAILURE: 4 } as const;

/** Types of requests and responses (RFC 3748 §5 and IANA). */
export const EapType = {
  IDENTITY: 1,
  NOTIFICATION: 2,
  NAK: 3,
  MD5: 4,
  OTP: 5,
  GTC: 6,
  TLS: 13,
  TTLS: 21,
  PEAP: 25,
  MSCHAPV2: 26,
  EXPANDED: 254,
} as const;

export type EapPacket =
  | {
      readonly code: typeof EapCode.REQUEST | typeof EapCode.RESPONSE;
      readonly identifier: number;
      readonly type: number;
      readonly data: Uint8Array;
    }
  | { readonly code: typeof EapCode.SUCCESS | typeof EapCode.FAILURE; readonly identifier: number };

const HEADER = 4;

/** `undefined` when it is no packet of RFC 3748: a wrong length or code, a request without a type. */
export function readEapPacket(bytes: Uint8Array): EapPacket | undefined {
  if (bytes.length < HEADER || readU16(bytes, 2) !== bytes.length) return undefined;
  const [code, identifier] = bytes as unknown as [number, number];
  if (code === EapCode.SUCCESS || code === EapCode.FAILURE)
    return bytes.length === HEADER ? { code, identifier } : undefined;
  const type = bytes[HEADER];
  if ((code !== EapCode.REQUEST && code !== EapCode.RESPONSE) || type === undefined) return undefined;
  return { code, identifier, type, data: bytes.slice(HEADER + 1) };
}

export function writeEapPacket(packet: EapPacket): Uint8Array {
  const body = 'type' in packet ? concat(Uint8Array.of(packet.type), packet.data) : new Uint8Array(0);
  const bytes = concat(Uint8Array.of(packet.code, packet.identifier, 0, 0), body);
  writeU16(bytes, 2, bytes.length);
  return bytes;
}

const NAMES: ReadonlyMap<number, string> = new Map([
  [EapType.MD5, 'EAP-MD5'],
  [EapType.OTP, 'EAP-OTP'],
  [EapType.GTC, 'EAP-GTC'],
  [EapType.TLS, 'EAP-TLS'],
  [EapType.TTLS, 'EAP-TTLS'],
  [EapType.PEAP, 'PEAP'],
  [EapType.MSCHAPV2, 'EAP-MSCHAPv2'],
]);

export const eapTypeName = (type: number): string => NAMES.get(type) ?? `EAP type ${type}`;

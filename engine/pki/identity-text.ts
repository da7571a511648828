/**
 * IKE identities (RFC 7296 §3.5) as text, in strongSwan's conventions, as far as they need no ASN.1.
 * Pure: nothing here depends on Node.
 */
import { equalBytes, fromHex, fromUtf8, toHex, utf8 } from '../base/bytes.ts';
import { formatIp, parseIp } from '../base/ip.ts';
import { PkiError } from './error.ts';

/** IANA "IKEv2 Identification Payload ID Types". */
export const ID_TYPE = {
  IPV4_ADDR: 1,
  FQDN: 2,
  RFC822_ADDR: 3,
  IPV6_ADDR: 5,
  DER_ASN1_DN: 9,
  DER_ASN1_GN: 10,
  KEY_ID: 11,
} as const;

/** The content of an ID payload. */
export interface Identity {
  readonly idType: number;
  readonly data: Uint8Array;
}

/** Reads and prints the DER of a distinguished name; given by `identity.ts`. */
export interface NameCodec {
  /** @throws PkiError */
  parse(text: string): Uint8Array;
  /** `undefined` when the octets are no name. */
  format(der: Uint8Array): string | undefined;
  equal(a: Uint8Array, b: Uint8Array): boolean;
}

const MAX_TEXT = 4096;

const PREFIXES: Readonly<Record<string, number>> = {
  ipv4: ID_TYPE.IPV4_ADDR,
  ipv6: ID_TYPE.IPV6_ADDR,
  fqdn: ID_TYPE.FQDN,
  dns: ID_TYPE.FQDN,
  email: ID_TYPE.RFC822_ADDR,
  rfc822: ID_TYPE.RFC822_ADDR,
  userfqdn: ID_TYPE.RFC822_ADDR,
  asn1dn: ID_TYPE.DER_ASN1_DN,
  asn1gn: ID_TYPE.DER_ASN1_GN,
  keyid: ID_TYPE.KEY_ID,
};
const PREFIX_OF: ReadonlyMap<number, string> = new Map([
  [ID_TYPE.IPV4_ADDR, 'ipv4'],
  [ID_TYPE.IPV6_ADDR, 'ipv6'],
  [ID_TYPE.FQDN, 'fqdn'],
  [ID_TYPE.RFC822_ADDR, 'email'],
  [ID_TYPE.DER_ASN1_DN, 'asn1dn'],
  [ID_TYPE.DER_ASN1_GN, 'asn1gn'],
  [ID_TYPE.KEY_ID, 'keyid'],
]);

const bad = (message: string): PkiError => new PkiError('bad-identity', message);

function address(text: string, length: 4 | 16): Uint8Array {
  const bytes = parseIp(text);
  if (bytes?.length !== length) throw bad(`"${text}" is not an IPv${length === 4 ? 4 : 6} address`);
  return bytes;
}

/** A value given as `#` and hex digits, with an optional colon between octets. */
function hexValue(text: string): Uint8Array | undefined {
  const digits = /^#([0-9a-fA-F:]*)$/.exec(text)?.[1]?.replaceAll(':', '');
  return digits !== undefined && digits.length % 2 === 0 ? fromHex(digits) : undefined;
}

function parseTyped(idType: number, text: string, names: NameCodec): Identity {
  const hex = hexValue(text);
  if (hex) return { idType, data: hex };
  switch (idType) {
    case ID_TYPE.IPV4_ADDR:
      return { idType, data: address(text, 4) };
    case ID_TYPE.IPV6_ADDR:
      return { idType, data: address(text, 16) };
    case ID_TYPE.DER_ASN1_DN:
      return { idType, data: names.parse(text) };
    case ID_TYPE.FQDN:
    case ID_TYPE.RFC822_ADDR:
    case ID_TYPE.KEY_ID:
      return { idType, data: utf8(text) };
    default:
      throw bad(`an identity of type ${idType} is written as # and hex digits`);
  }
}

/** The part of `parseIdentity` that dispatches; see there. */
export function parseIdentityText(text: string, names: NameCodec): Identity {
  const trimmed = text.trim();
  if (trimmed === '') throw bad('the identity is empty');
  if (trimmed.length > MAX_TEXT) throw bad(`an identity has at most ${MAX_TEXT} characters`);
  const number = /^\{([0-9]{1,3})\}:(.*)$/s.exec(trimmed);
  if (number && Number(number[1]) <= 255) return parseTyped(Number(number[1]), number[2] ?? '', names);
  const prefix = /^([a-z0-9]+):(.*)$/is.exec(trimmed);
  const idType = prefix && PREFIXES[(prefix[1] ?? '').toLowerCase()];
  if (prefix && idType) return parseTyped(idType, prefix[2] ?? '', names);
  if (trimmed.startsWith('@#')) {
    const data = hexValue(trimmed.slice(1));
    if (!data) throw bad('after @# a key id is written as hex digits');
    return { idType: ID_TYPE.KEY_ID, data };
  }
  if (trimmed.startsWith('@@')) return { idType: ID_TYPE.RFC822_ADDR, data: utf8(trimmed.slice(2)) };
  if (trimmed.startsWith('@')) return { idType: ID_TYPE.FQDN, data: utf8(trimmed.slice(1)) };
  if (trimmed.includes('=')) return { idType: ID_TYPE.DER_ASN1_DN, data: names.parse(trimmed) };
  if (trimmed.includes('@')) return { idType: ID_TYPE.RFC822_ADDR, data: utf8(trimmed) };
  const ip = parseIp(trimmed);
  if (ip) return { idType: ip.length === 4 ? ID_TYPE.IPV4_ADDR : ID_TYPE.IPV6_ADDR, data: ip };
  if (trimmed.includes(':'))
    throw bad(`"${trimmed}" is not an IPv6 address; write keyid:${trimmed} for a key id`);
  return { idType: ID_TYPE.FQDN, data: utf8(trimmed) };
}

const printable = (data: Uint8Array): boolean => data.length > 0 && data.every((b) => b > 0x20 && b < 0x7f);

function plainText({ idType, data }: Identity, names: NameCodec): string | undefined {
  switch (idType) {
    case ID_TYPE.IPV4_ADDR:
      return data.length === 4 ? formatIp(data) : undefined;
    case ID_TYPE.IPV6_ADDR:
      return data.length === 16 ? formatIp(data) : undefined;
    case ID_TYPE.DER_ASN1_DN:
      return names.format(data);
    case ID_TYPE.FQDN:
    case ID_TYPE.RFC822_ADDR:
      return printable(data) ? fromUtf8(data) : undefined;
    default:
      return undefined;
  }
}

/** The part of `formatIdentity` that needs no ASN.1; see there. */
export function formatIdentityText(identity: Identity, names: NameCodec): string {
  const { idType, data } = identity;
  const prefix = PREFIX_OF.get(idType) ?? `{${idType}}`;
  const plain = plainText(identity, names);
  const candidates = plain === undefined ? [] : [plain, `${prefix}:${plain}`];
  if (idType === ID_TYPE.KEY_ID && printable(data)) candidates.push(`keyid:${fromUtf8(data)}`);
  for (const candidate of candidates) {
    if (candidate.length > MAX_TEXT) continue;
    try {
      const back = parseIdentityText(candidate, names);
      if (back.idType === idType && sameData(idType, back.data, data, names)) return candidate;
    } catch (cause) {
      if (!(cause instanceof PkiError)) throw cause;
    }
  }
  return idType === ID_TYPE.KEY_ID ? `@#${toHex(data)}` : `${prefix}:#${toHex(data)}`;
}

const sameData = (idType: number, a: Uint8Array, b: Uint8Array, names: NameCodec): boolean =>
  equalBytes(a, b) || (idType === ID_TYPE.DER_ASN1_DN && names.equal(a, b));

/** Whether two identities are the same: names by RFC 5280 §7.1, all others octet by octet. */
export const sameIdentityData = (a: Identity, b: Identity, names: NameCodec): boolean =>
  a.idType === b.idType && sameData(a.idType, a.data, b.data, names);

/**
 * Distinguished names: DER to text in strongSwan's order (`C=CH, O=Example, CN=gw`), text to DER, and the
 * comparison of RFC 5280 §7.1. Escapes are those of RFC 4514 §2.4.
 */
import { AsnConvert } from '@peculiar/asn1-schema';
import { AttributeTypeAndValue, AttributeValue, Name, RelativeDistinguishedName } from '@peculiar/asn1-x509';
import { fromHex, fromUtf8, toHex, utf8 } from '../base/bytes.ts';
import { PkiError } from './error.ts';

/** Keyword and OID; the first keyword of an OID is the one that is printed. */
const ATTRIBUTES: readonly (readonly [string, string])[] = [
  ['C', '2.5.4.6'],
  ['ST', '2.5.4.8'],
  ['L', '2.5.4.7'],
  ['O', '2.5.4.10'],
  ['OU', '2.5.4.11'],
  ['CN', '2.5.4.3'],
  ['E', '1.2.840.113549.1.9.1'],
  ['EMAIL', '1.2.840.113549.1.9.1'],
  ['EMAILADDRESS', '1.2.840.113549.1.9.1'],
  ['DC', '0.9.2342.19200300.100.1.25'],
  ['UID', '0.9.2342.19200300.100.1.1'],
  ['STREET', '2.5.4.9'],
  ['S', '2.5.4.4'],
  ['SN', '2.5.4.5'],
  ['SERIALNUMBER', '2.5.4.5'],
  ['T', '2.5.4.12'],
  ['D', '2.5.4.13'],
  ['POSTALCODE', '2.5.4.17'],
  ['N', '2.5.4.41'],
  ['G', '2.5.4.42'],
  ['I', '2.5.4.43'],
  ['DNQUALIFIER', '2.5.4.46'],
  ['UN', '1.2.840.113549.1.9.2'],
  ['UA', '1.2.840.113549.1.9.8'],
];
const OID_OF: ReadonlyMap<string, string> = new Map(ATTRIBUTES);
const KEYWORD_OF: ReadonlyMap<string, string> = new Map(ATTRIBUTES.toReversed().map(([k, oid]) => [oid, k]));

const CN = '2.5.4.3';
const EMAIL = '1.2.840.113549.1.9.1';
const DOMAIN_COMPONENT = '0.9.2342.19200300.100.1.25';
/** Names longer than this are refused before they are read. */
const MAX_DER = 8192;

/** One attribute: `text` for a string type, else `raw` with the value's whole DER. */
interface Attribute {
  readonly oid: string;
  readonly text: string | undefined;
  readonly raw: Uint8Array | undefined;
}
type Rdn = readonly Attribute[];

/** A distinguished name that can be printed and compared. */
export class DistinguishedName {
  readonly der: Uint8Array;
  readonly #rdns: readonly Rdn[];
  readonly #keys: readonly string[];

  private constructor(der: Uint8Array, rdns: readonly Rdn[]) {
    this.der = der;
    this.#rdns = rdns;
    this.#keys = rdns.map(rdnKey);
  }

  /** @throws PkiError `bad-identity` when the octets are no Name */
  static fromDer(der: Uint8Array): DistinguishedName {
    if (der.length > MAX_DER) throw new PkiError('bad-identity', 'the distinguished name is too long');
    try {
      const name = AsnConvert.parse(der, Name);
      // The reader is lenient; what does not write back as it was could be compared as something else.
      if (toHex(new Uint8Array(AsnConvert.serialize(name))) !== toHex(der))
        throw new Error('the encoding is not DER');
      return new DistinguishedName(der.slice(), readRdns(name));
    } catch (cause) {
      throw new PkiError('bad-identity', `not a distinguished name: ${messageOf(cause)}`);
    }
  }

  static fromName(name: Name): DistinguishedName {
    return new DistinguishedName(new Uint8Array(AsnConvert.serialize(name)), readRdns(name));
  }

  /** Reads `C=CH, O=Example, CN=gw`. @throws PkiError `bad-identity` naming the part */
  static fromText(text: string): DistinguishedName {
    return DistinguishedName.fromName(parseName(text));
  }

  get isEmpty(): boolean {
    return this.#rdns.length === 0;
  }

  /** RFC 5280 §7.1: same attributes in the same order, strings without regard to case and extra space. */
  equals(other: DistinguishedName): boolean {
    return this.key === other.key;
  }

  /** Whether this name lies under `base` (RFC 5280 §4.2.1.10, directoryName). */
  isWithin(base: DistinguishedName): boolean {
    return base.#keys.every((key, i) => key === this.#keys[i]);
  }

  /**
   * Whether this name fits a pattern: the same RDNs in the same order, where `*` as a whole value of the pattern
   * stands for any value of that attribute. Values of one RDN have no order.
   */
  matches(pattern: DistinguishedName): boolean {
    return (
      this.#rdns.length === pattern.#rdns.length &&
      pattern.#rdns.every((rdn, i) => rdnMatches(this.#rdns[i] ?? [], rdn))
    );
  }

  /** Whether a value is `*`. */
  get hasWildcards(): boolean {
    return this.#rdns.flat().some(isWildcard);
  }

  /** Equal for equal names only; for maps. */
  get key(): string {
    return JSON.stringify(this.#keys);
  }

  /** All values of the common name. */
  get commonNames(): readonly string[] {
    return this.#valuesOf(CN);
  }

  /** All values of the emailAddress attribute. */
  get emails(): readonly string[] {
    return this.#valuesOf(EMAIL);
  }

  toString(): string {
    return this.#rdns.map((rdn) => rdn.map(formatAttribute).join('+')).join(', ');
  }

  #valuesOf(oid: string): string[] {
    return this.#rdns.flat().flatMap((a) => (a.oid === oid && a.text !== undefined ? [a.text] : []));
  }
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

function readRdns(name: Name): Rdn[] {
  return name.map((rdn) =>
    rdn.map(({ type, value }) => {
      const text =
        value.printableString ??
        value.utf8String ??
        value.ia5String ??
        value.bmpString ??
        value.universalString ??
        value.teletexString;
      return text === undefined
        ? { oid: type, text, raw: new Uint8Array(AsnConvert.serialize(value)) }
        : { oid: type, text, raw: undefined };
    }),
  );
}

const attributeKey = (a: Attribute): string =>
  a.text === undefined
    ? `${a.oid}#${a.raw ? toHex(a.raw) : ''}`
    : `${a.oid}=${a.text.normalize('NFKC').toLowerCase().trim().replace(/\s+/g, ' ')}`;

const rdnKey = (rdn: Rdn): string => JSON.stringify(rdn.map(attributeKey).sort());

const isWildcard = (a: Attribute): boolean => a.text === '*';

/** Plain values first, so that a wildcard never takes what a plain one needs. */
function rdnMatches(rdn: Rdn, pattern: Rdn): boolean {
  if (rdn.length !== pattern.length) return false;
  const left = [...rdn];
  const take = (fits: (own: Attribute) => boolean): boolean => {
    const at = left.findIndex(fits);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  };
  const plain = pattern.filter((one) => !isWildcard(one));
  return (
    plain.every((one) => take((own) => attributeKey(own) === attributeKey(one))) &&
    pattern.filter(isWildcard).every((one) => take((own) => own.oid === one.oid))
  );
}

const hexPairs = (text: string): string =>
  [...utf8(text)].map((octet) => `\\${octet.toString(16).padStart(2, '0')}`).join('');

function formatAttribute(a: Attribute): string {
  const keyword = KEYWORD_OF.get(a.oid) ?? a.oid;
  if (a.text === undefined) return `${keyword}=#${a.raw ? toHex(a.raw) : ''}`;
  // Hex for white space at the ends too: a reader may trim it even behind a backslash.
  const escaped = a.text
    .replace(/[\\,+"<>;=/]/g, '\\$&')
    .replace(/^#/, '\\#')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not reach a log
    .replace(/^\s|\s$|[\u0000-\u001f\u007f]/g, hexPairs);
  return `${keyword}=${escaped}`;
}

/** Splits at separators that are not escaped and are followed by `TYPE=`. */
function splitParts(text: string): { readonly part: string; readonly joined: boolean }[] {
  const parts: { part: string; joined: boolean }[] = [];
  let start = 0;
  let joined = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '\\') {
      i++;
      continue;
    }
    const separator = c === ',' || c === '/' || c === '+';
    if (!separator || !/^\s*[A-Za-z0-9.]+\s*=/.test(text.slice(i + 1, i + 80))) continue;
    parts.push({ part: text.slice(start, i), joined });
    joined = c === '+';
    start = i + 1;
  }
  parts.push({ part: text.slice(start), joined });
  if (parts[0]?.part.trim() === '') parts.shift();
  return parts;
}

function unescapeValue(value: string): string {
  const out: number[] = [];
  for (let i = 0; i < value.length; ) {
    if (value[i] !== '\\') {
      const point = String.fromCodePoint(value.codePointAt(i) as number);
      out.push(...utf8(point));
      i += point.length;
      continue;
    }
    const pair = /^[0-9a-fA-F]{2}/.exec(value.slice(i + 1, i + 3))?.[0];
    if (pair) out.push(Number.parseInt(pair, 16));
    else out.push(...utf8(value.slice(i + 1, i + 2)));
    i += pair ? 3 : 2;
  }
  return fromUtf8(Uint8Array.from(out));
}

function parseName(text: string): Name {
  if (text.length > MAX_DER) throw new PkiError('bad-identity', 'the distinguished name is too long');
  const rdns: RelativeDistinguishedName[] = [];
  for (const { part, joined } of splitParts(text)) {
    const attribute = parseAttribute(part);
    const last = rdns.at(-1);
    if (joined && last) last.push(attribute);
    else rdns.push(new RelativeDistinguishedName([attribute]));
  }
  return new Name(rdns);
}

function parseAttribute(part: string): AttributeTypeAndValue {
  const match = /^\s*([A-Za-z]+|[0-2](?:\.[0-9]+)+)\s*=\s*(.*)$/s.exec(part);
  if (!match) throw new PkiError('bad-identity', `"${part.trim()}" is not of the form TYPE=value`);
  const [, keyword = '', rest = ''] = match;
  const oid = keyword.includes('.') ? keyword : OID_OF.get(keyword.toUpperCase());
  if (oid === undefined)
    throw new PkiError('bad-identity', `"${keyword}" is not an attribute of a distinguished name`);
  try {
    const hex = /^#((?:[0-9a-fA-F]{2})+)\s*$/.exec(rest)?.[1];
    const value = hex
      ? AsnConvert.parse(fromHex(hex), AttributeValue)
      : stringValue(oid, unescapeValue(rest.replace(/(?<!\\)\s+$/, '')));
    return new AttributeTypeAndValue({ type: oid, value });
  } catch (cause) {
    if (cause instanceof PkiError) throw cause;
    throw new PkiError('bad-identity', `"${part.trim()}" cannot be encoded: ${messageOf(cause)}`);
  }
}

/** The string type that RFC 5280 §4.1.2.4 and appendix A ask for. */
function stringValue(oid: string, text: string): AttributeValue {
  if (text === '') throw new PkiError('bad-identity', `the value of ${KEYWORD_OF.get(oid) ?? oid} is empty`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: IA5String is exactly these octets
  if ((oid === EMAIL || oid === DOMAIN_COMPONENT) && /^[\u0000-\u007f]*$/.test(text))
    return new AttributeValue({ ia5String: text });
  return /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text)
    ? new AttributeValue({ printableString: text })
    : new AttributeValue({ utf8String: text });
}

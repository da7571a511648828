/**
 * A CRL without making an object of each of its entries, of which there can be hundreds of thousands: the list of
 * entries is stepped over element by element, and only what has a meaning is given to the ASN.1 library. A list of
 * 16 MiB takes some tenths of a second so, where parsing it whole takes half a minute.
 */
import { AsnConvert, AsnParser } from '@peculiar/asn1-schema';
import { AlgorithmIdentifier, RevokedCertificate, TBSCertList } from '@peculiar/asn1-x509';
import { type AsnType, BitString, fromBER, Sequence } from 'asn1js';
import { equalBytes } from '../../base/bytes.ts';

/** One DER element: where it begins, where its content does, where it ends. */
interface Element {
  readonly tag: number;
  readonly start: number;
  readonly content: number;
  readonly end: number;
}

const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  sequence: 0x30,
  utcTime: 0x17,
  generalizedTime: 0x18,
} as const;
/** Elements of a list beside its entries; extensions are few. */
const LIMITS = { maxDepth: 20, maxNodes: 5_000 };

class Damaged extends Error {}

/** The element at an offset, which must not reach beyond `end`. */
function elementAt(der: Uint8Array, start: number, end: number): Element {
  const tag = der[start] ?? 0;
  const first = der[start + 1] ?? 0x80;
  let content = start + 2;
  let length = first;
  if (first >= 0x80) {
    const octets = first & 0x7f;
    // No open lengths, which DER forbids, and none that a bounded list cannot have.
    if (octets < 1 || octets > 4) throw new Damaged();
    length = 0;
    for (let i = 0; i < octets; i++) length = length * 256 + (der[content + i] ?? 0);
    content += octets;
  }
  if (content > end || content + length > end) throw new Damaged();
  return { tag, start, content, end: content + length };
}

function* elements(der: Uint8Array, from: number, end: number): Generator<Element> {
  for (let at = from; at < end; ) {
    const element = elementAt(der, at, end);
    yield element;
    at = element.end;
  }
}

const octetsOf = (der: Uint8Array, { start, end }: Element): Uint8Array => der.subarray(start, end);

function node(der: Uint8Array, element: Element): AsnType {
  const { offset, result } = fromBER(octetsOf(der, element), LIMITS);
  if (offset !== element.end - element.start) throw new Damaged();
  return result;
}

export interface CrlList {
  /** Everything but the entries. */
  readonly tbs: TBSCertList;
  /** What is signed. */
  readonly signed: Uint8Array;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  /** The first entry of a serial number, as DER octets of the INTEGER's content. @throws Error for damaged entries */
  find(serial: Uint8Array): RevokedCertificate | undefined;
  /** Each entry that has critical extensions. @throws Error for damaged entries */
  critical(): Generator<RevokedCertificate>;
}

const isTime = ({ tag }: Element): boolean => tag === TAG.utcTime || tag === TAG.generalizedTime;

/** @throws Error for octets that are no list */
export function readCrl(der: Uint8Array): CrlList {
  const whole = elementAt(der, 0, der.length);
  if (whole.tag !== TAG.sequence || whole.end !== der.length) throw new Damaged();
  const [tbs, algorithm, signature, more] = [...elements(der, whole.content, whole.end)];
  if (!tbs || !algorithm || signature?.tag !== TAG.bitString || more || tbs.tag !== TAG.sequence)
    throw new Damaged();
  const parts = [...elements(der, tbs.content, tbs.end)];
  // The entries are the only SEQUENCE behind a time.
  const entries = parts.find((one, i) => one.tag === TAG.sequence && parts.slice(0, i).some(isTime));
  const rest = new Sequence({ value: parts.filter((one) => one !== entries).map((one) => node(der, one)) });
  const bits = node(der, signature);
  if (!(bits instanceof BitString)) throw new Damaged();
  return {
    tbs: AsnParser.fromASN(rest, TBSCertList),
    signed: octetsOf(der, tbs),
    signatureAlgorithm: AsnConvert.parse(octetsOf(der, algorithm), AlgorithmIdentifier),
    signature: bits.valueBlock.valueHexView,
    find: (serial) => {
      for (const entry of entriesOf(der, entries)) {
        const number = elementAt(der, entry.content, entry.end);
        if (number.tag === TAG.integer && equalBytes(der.subarray(number.content, number.end), serial))
          return AsnConvert.parse(octetsOf(der, entry), RevokedCertificate);
      }
      return undefined;
    },
    *critical() {
      for (const entry of entriesOf(der, entries))
        if (hasCritical(der, entry)) yield AsnConvert.parse(octetsOf(der, entry), RevokedCertificate);
    },
  };
}

/** Whether any extension of an entry has its BOOLEAN, which DER leaves out when it is false. */
function hasCritical(der: Uint8Array, entry: Element): boolean {
  const number = elementAt(der, entry.content, entry.end);
  const date = elementAt(der, number.end, entry.end);
  if (date.end === entry.end) return false;
  const list = elementAt(der, date.end, entry.end);
  for (const extension of elements(der, list.content, list.end)) {
    const name = elementAt(der, extension.content, extension.end);
    if (elementAt(der, name.end, extension.end).tag === TAG.boolean) return true;
  }
  return false;
}

function* entriesOf(der: Uint8Array, list: Element | undefined): Generator<Element> {
  if (!list) return;
  for (const entry of elements(der, list.content, list.end)) {
    if (entry.tag !== TAG.sequence) throw new Damaged();
    yield entry;
  }
}

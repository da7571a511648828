/**
 * Reading parsed ASN.1 by its shape, for files that are BER rather than DER (RFC 7292, RFC 5652): octet strings
 * may come in pieces, lengths may be open. The parser is asn1js; limits on depth and count hold before it works.
 */
import * as asn1js from 'asn1js';
import { concat } from '../base/bytes.ts';
import { PkiError } from './error.ts';

export type Node = asn1js.AsnType;

const LIMITS = { maxDepth: 40, maxNodes: 20_000, parseEmbedded: false, copyInput: false };

export const damaged = (what: string): PkiError =>
  new PkiError('not-a-bundle', `the file is damaged or of an unknown kind: ${what}`);

/**
 * The one element that fills the octets. Zero octets after it are passed over: some writers pad.
 * @throws PkiError `not-a-bundle`
 */
export function parse(octets: Uint8Array, what: string): Node {
  let parsed: { offset: number; result: Node };
  try {
    parsed = asn1js.fromBER(octets, LIMITS);
  } catch {
    throw damaged(`${what} cannot be read`);
  }
  if (parsed.offset === -1) throw damaged(`${what} cannot be read`);
  if (octets.subarray(parsed.offset).some((octet) => octet !== 0))
    throw damaged(`there are octets after ${what}`);
  return parsed.result;
}

/** Elements of a SEQUENCE or SET. */
export function children(node: Node | undefined, what: string): readonly Node[] {
  if (node instanceof asn1js.Sequence || node instanceof asn1js.Set) return node.valueBlock.value;
  throw damaged(`${what} is no list`);
}

/** Elements inside a context tag `[tag]`; `undefined` when the node is no such thing. */
export function tagged(node: Node | undefined, tag: number): readonly Node[] | undefined {
  return node instanceof asn1js.Constructed && node.idBlock.tagClass === 3 && node.idBlock.tagNumber === tag
    ? node.valueBlock.value
    : undefined;
}

/** The element inside an explicit `[0]`. */
export function content(node: Node | undefined, what: string): Node {
  const inner = tagged(node, 0)?.[0];
  if (!inner) throw damaged(`${what} is missing`);
  return inner;
}

export function oid(node: Node | undefined, what: string): string {
  if (node instanceof asn1js.ObjectIdentifier) return node.getValue();
  throw damaged(`${what} has no object identifier`);
}

/** An INTEGER that fits a safe number. */
export function integer(node: Node | undefined, what: string): number {
  if (node instanceof asn1js.Integer && node.valueBlock.valueHexView.length <= 7) {
    const value = Number(node.toBigInt());
    if (Number.isSafeInteger(value) && value >= 0) return value;
  }
  throw damaged(`${what} is not a number within reason`);
}

/** The content of an OCTET STRING, in one piece. */
export function octets(node: Node | undefined, what: string): Uint8Array {
  if (node instanceof asn1js.OctetString) return joined(node, what);
  throw damaged(`${what} is no octet string`);
}

/** The content of an OCTET STRING under an implicit `[0]`, whole or in pieces. */
export function implicitOctets(node: Node | undefined, what: string): Uint8Array {
  if (node instanceof asn1js.Primitive && node.idBlock.tagClass === 3 && node.idBlock.tagNumber === 0)
    return node.valueBlock.valueHexView;
  const pieces = tagged(node, 0);
  if (!pieces) throw damaged(`${what} is missing`);
  return concat(...pieces.filter(isContent).map((piece) => octets(piece, what)));
}

function joined(node: asn1js.OctetString, what: string): Uint8Array {
  if (!node.idBlock.isConstructed) return node.valueBlock.valueHexView;
  return concat(...node.valueBlock.value.filter(isContent).map((piece) => octets(piece, what)));
}

const isContent = (node: unknown): node is Node => !(node instanceof asn1js.EndOfContent);

/** The octets that the element was read from, header and all. */
export const raw = (node: Node): Uint8Array => node.valueBeforeDecodeView;

/** Text of a BMPString or UTF8String; `undefined` for anything else. */
export const text = (node: Node | undefined): string | undefined =>
  node instanceof asn1js.BmpString || node instanceof asn1js.Utf8String
    ? node.getValue().slice(0, 256)
    : undefined;

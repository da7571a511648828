/** SA payload: proposals, transforms and their attributes (RFC 7296 §3.3). */

import type { Reader } from '../reader.ts';
import { Protocol } from '../registry.ts';
import type { Writer } from '../writer.ts';
import type { Proposal, SaPayload, Transform } from './types.ts';

export const MAX_PROPOSALS = 128;
export const MAX_ATTRIBUTES = 16;

/** §3.3.5 */
const KEY_LENGTH = 14;
/** Attribute Format bit: set for the short type/value form. */
const TV = 0x8000;

const PROPOSAL_FOLLOWS = 2;
const TRANSFORM_FOLLOWS = 3;

type Attribute = NonNullable<Transform['otherAttributes']>[number];

/** §3.3.1: ESP and AH SPIs have four octets; IKE's has eight, or none when the SA is the first. */
function spiSizeFits(protocol: number, size: number): boolean {
  switch (protocol) {
    case Protocol.IKE:
      return size === 0 || size === 8;
    case Protocol.AH:
    case Protocol.ESP:
      return size === 4;
    default:
      return true;
  }
}

function decodeTransform(r: Reader): Transform {
  const type = r.u8('SA.transform.type');
  r.skip(1, 'SA.transform.reserved');
  const id = r.u16('SA.transform.id');
  let keyLength: number | undefined;
  const others: Attribute[] = [];
  for (let count = 1; r.remaining > 0; count++) {
    if (count > MAX_ATTRIBUTES) throw r.error('too-many', 'SA.transform.attributes');
    const head = r.u16('SA.transform.attribute.type');
    const attribute = head & ~TV;
    const value = r.u16('SA.transform.attribute.value');
    if (!(head & TV))
      others.push({ type: attribute, value: r.octets(value, 'SA.transform.attribute.value') });
    else if (attribute !== KEY_LENGTH) others.push({ type: attribute, value });
    else if (keyLength === undefined) keyLength = value;
    else throw r.error('bad-value', 'SA.transform.keyLength', 4);
  }
  return {
    type,
    id,
    ...(keyLength !== undefined && { keyLength }),
    ...(others.length > 0 && { otherAttributes: others }),
  };
}

function decodeProposal(r: Reader): Proposal {
  const number = r.u8('SA.proposal.number');
  const protocol = r.u8('SA.proposal.protocol');
  const spiSize = r.u8('SA.proposal.spiSize');
  if (!spiSizeFits(protocol, spiSize)) throw r.error('bad-length', 'SA.proposal.spiSize', 1);
  const count = r.u8('SA.proposal.transformCount');
  const spi = r.octets(spiSize, 'SA.proposal.spi');
  const transforms: Transform[] = [];
  for (let left = count; left > 0; left--) {
    const more = r.u8('SA.transform.more');
    if (more !== (left > 1 ? TRANSFORM_FOLLOWS : 0)) throw r.error('bad-value', 'SA.transform.more', 1);
    r.skip(1, 'SA.transform.reserved');
    const length = r.u16('SA.transform.length');
    if (length < 8) throw r.error('bad-length', 'SA.transform.length', 2);
    transforms.push(decodeTransform(r.window(length - 4, 'SA.transform')));
  }
  r.expectEnd('SA.proposal');
  return { number, protocol, spi, transforms };
}

/** @throws WireError */
export function decodeSa(r: Reader): SaPayload {
  const proposals: Proposal[] = [];
  for (let more = PROPOSAL_FOLLOWS; more !== 0; ) {
    if (proposals.length >= MAX_PROPOSALS) throw r.error('too-many', 'SA.proposals');
    more = r.u8('SA.proposal.more');
    if (more !== 0 && more !== PROPOSAL_FOLLOWS) throw r.error('bad-value', 'SA.proposal.more', 1);
    r.skip(1, 'SA.proposal.reserved');
    const length = r.u16('SA.proposal.length');
    if (length < 8) throw r.error('bad-length', 'SA.proposal.length', 2);
    proposals.push(decodeProposal(r.window(length - 4, 'SA.proposal')));
  }
  r.expectEnd('SA');
  return { kind: 'SA', proposals };
}

function encodeAttribute(w: Writer, { type, value }: Attribute): void {
  if (type >= TV) throw new RangeError(`SA.transform.attribute.type: ${type} is not within 0..${TV - 1}`);
  if (typeof value === 'number') {
    w.u16(TV | type, 'SA.transform.attribute.type');
    w.u16(value, 'SA.transform.attribute.value');
  } else {
    w.u16(type, 'SA.transform.attribute.type');
    w.u16(value.length, 'SA.transform.attribute.length');
    w.octets(value);
  }
}

function encodeTransform(w: Writer, t: Transform, last: boolean): void {
  const start = w.length;
  w.u8(last ? 0 : TRANSFORM_FOLLOWS, 'SA.transform.more');
  w.zeros(3);
  w.u8(t.type, 'SA.transform.type');
  w.zeros(1);
  w.u16(t.id, 'SA.transform.id');
  if (t.keyLength !== undefined) encodeAttribute(w, { type: KEY_LENGTH, value: t.keyLength });
  for (const attribute of t.otherAttributes ?? []) encodeAttribute(w, attribute);
  w.setU16(start + 2, w.length - start, 'SA.transform.length');
}

/** @throws RangeError when a value does not fit its field */
export function encodeSa(w: Writer, payload: SaPayload): void {
  for (const [i, p] of payload.proposals.entries()) {
    const start = w.length;
    w.u8(i + 1 < payload.proposals.length ? PROPOSAL_FOLLOWS : 0, 'SA.proposal.more');
    w.zeros(3);
    w.u8(p.number, 'SA.proposal.number');
    w.u8(p.protocol, 'SA.proposal.protocol');
    w.u8(p.spi.length, 'SA.proposal.spiSize');
    w.u8(p.transforms.length, 'SA.proposal.transformCount');
    w.octets(p.spi);
    for (const [j, t] of p.transforms.entries()) encodeTransform(w, t, j + 1 === p.transforms.length);
    w.setU16(start + 2, w.length - start, 'SA.proposal.length');
  }
}

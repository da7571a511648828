/**
 * Netlink messages: octets <-> values (RFC 3549 §2.2, netlink(7)). Pure; numbers are little-endian, the machine's own
 * order wherever the bindings load. Every length that comes in is checked before it is used.
 */

/** `struct nlmsghdr` (linux/netlink.h), in octets. */
export const NLMSGHDR = { size: 16, len: 0, type: 4, flags: 6, seq: 8, pid: 12 } as const;
/** `struct nlattr`: the length counts the header and not the padding. */
export const NLATTR = { size: 4, len: 0, type: 2 } as const;
/** `struct nlmsgerr`: the error, then the header of the request that it answers. */
export const NLMSGERR = { error: 0, request: 4, size: 20 } as const;

export const NLMSG = { NOOP: 1, ERROR: 2, DONE: 3, OVERRUN: 4 } as const;
export const NLM_F = {
  REQUEST: 1,
  MULTI: 2,
  ACK: 4,
  DUMP_INTR: 0x10,
  CAPPED: 0x100,
  ACK_TLVS: 0x200,
  REPLACE: 0x100,
  EXCL: 0x200,
  CREATE: 0x400,
  DUMP: 0x300,
} as const;
/** Attribute of an extended acknowledgement that says in words what was wrong. */
const NLMSGERR_ATTR_MSG = 1;
/** Without NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
const TYPE_MASK = 0x3fff;

/** What a request or an answer may take; a dump comes in pieces of at most 32 KiB. */
export const LARGEST_MESSAGE = 65_536;
const LARGEST_ATTRIBUTE = 0xffff - NLATTR.size;

/** What goes wrong at the socket: the kernel's error number with its own words, or 0 and what cannot be read. */
export class NetlinkError extends Error {
  readonly errno: number;

  constructor(errno: number, text: string) {
    super(text);
    this.name = 'NetlinkError';
    this.errno = errno;
  }
}

const malformed = (what: string): NetlinkError => new NetlinkError(0, `the kernel's answer: ${what}`);

/** An attribute with its octets, or with the attributes nested in it. */
export type Attribute = readonly [type: number, value: Uint8Array | readonly Attribute[]];

export interface Request {
  readonly type: number;
  readonly flags: number;
  /** The fixed part: `struct rtmsg` and the like. */
  readonly header: Uint8Array;
  readonly attributes: readonly Attribute[];
}

export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly body: Uint8Array;
}

const align = (length: number): number => (length + 3) & ~3;

const isNested = (value: Attribute[1]): value is readonly Attribute[] => Array.isArray(value);

const attributeLength = ([, value]: Attribute): number =>
  NLATTR.size + (isNested(value) ? attributesLength(value) : value.length);

const attributesLength = (attributes: readonly Attribute[]): number =>
  attributes.reduce((sum, attribute) => sum + align(attributeLength(attribute)), 0);

function writeAttributes(out: DataView, at: number, attributes: readonly Attribute[]): void {
  for (const attribute of attributes) {
    const [type, value] = attribute;
    const length = attributeLength(attribute);
    out.setUint16(at + NLATTR.len, length, true);
    out.setUint16(at + NLATTR.type, type, true);
    if (isNested(value)) writeAttributes(out, at + NLATTR.size, value);
    else new Uint8Array(out.buffer).set(value, at + NLATTR.size);
    at += align(length);
  }
}

const tooLong = (attributes: readonly Attribute[]): boolean =>
  attributes.some(([, value]) =>
    isNested(value)
      ? attributesLength(value) > LARGEST_ATTRIBUTE || tooLong(value)
      : value.length > LARGEST_ATTRIBUTE,
  );

/** The octets of a request. @throws RangeError when an attribute or the whole is too long */
export function encodeRequest(request: Request, sequence: number): Uint8Array<ArrayBuffer> {
  const { type, flags, header, attributes } = request;
  const headerEnd = NLMSGHDR.size + align(header.length);
  const length = headerEnd + attributesLength(attributes);
  if (length > LARGEST_MESSAGE || tooLong(attributes)) throw new RangeError('a netlink request is too long');
  const octets = new Uint8Array(length);
  const out = new DataView(octets.buffer);
  out.setUint32(NLMSGHDR.len, length, true);
  out.setUint16(NLMSGHDR.type, type, true);
  out.setUint16(NLMSGHDR.flags, flags | NLM_F.REQUEST, true);
  out.setUint32(NLMSGHDR.seq, sequence, true);
  octets.set(header, NLMSGHDR.size);
  writeAttributes(out, headerEnd, attributes);
  return octets;
}

/** A view for numbers of octets that may lie anywhere in their buffer. */
export const viewOf = (octets: Uint8Array): DataView =>
  new DataView(octets.buffer, octets.byteOffset, octets.byteLength);

/** The messages of one datagram; bodies are views. @throws NetlinkError when a length does not fit */
export function decodeMessages(datagram: Uint8Array): Message[] {
  const messages: Message[] = [];
  const view = viewOf(datagram);
  let at = 0;
  while (at < datagram.length) {
    if (datagram.length - at < NLMSGHDR.size) throw malformed('a message header is cut short');
    const length = view.getUint32(at + NLMSGHDR.len, true);
    if (length < NLMSGHDR.size || length > datagram.length - at)
      throw malformed(`a message says it has ${length} octets`);
    messages.push({
      type: view.getUint16(at + NLMSGHDR.type, true),
      flags: view.getUint16(at + NLMSGHDR.flags, true),
      sequence: view.getUint32(at + NLMSGHDR.seq, true),
      body: datagram.subarray(at + NLMSGHDR.size, at + length),
    });
    at += align(length);
  }
  return messages;
}

/**
 * The attributes of a message's body from `at` on, by type; of two of one type the last counts. Values are views.
 * @throws NetlinkError when a length does not fit
 */
export function decodeAttributes(body: Uint8Array, at = 0): Map<number, Uint8Array> {
  const attributes = new Map<number, Uint8Array>();
  const view = viewOf(body);
  // Up to three octets of padding may stand at the end.
  while (body.length - at >= NLATTR.size) {
    const length = view.getUint16(at + NLATTR.len, true);
    if (length < NLATTR.size || length > body.length - at)
      throw malformed(`an attribute says it has ${length} octets`);
    const type = view.getUint16(at + NLATTR.type, true) & TYPE_MASK;
    attributes.set(type, body.subarray(at + NLATTR.size, at + length));
    at += align(length);
  }
  return attributes;
}

/** The number in an attribute of one or four octets; `undefined` when it is absent or of another size. */
export function numberIn(value: Uint8Array | undefined): number | undefined {
  if (value?.length === 1) return value[0];
  return value?.length === 4 ? viewOf(value).getUint32(0, true) : undefined;
}

/** The words in an attribute, without the NUL that ends them. */
export const textIn = (value: Uint8Array): string => {
  const end = value.indexOf(0);
  return new TextDecoder().decode(end < 0 ? value : value.subarray(0, end));
};

/**
 * The kernel's word on a request (NLMSG_ERROR, or NLMSG_DONE at the end of a dump): 0 for success, else a positive
 * error number, with the words of an extended acknowledgement.
 * @throws NetlinkError when it is cut short
 */
export function readVerdict(message: Message): { readonly errno: number; readonly text: string } {
  const { type, flags, body } = message;
  // NLMSG_DONE may come without a word.
  if (type === NLMSG.DONE && body.length < 4) return { errno: 0, text: '' };
  if (body.length < (type === NLMSG.DONE ? 4 : NLMSGERR.size)) throw malformed('a verdict is cut short');
  const errno = -viewOf(body).getInt32(NLMSGERR.error, true);
  if (errno <= 0 || !(flags & NLM_F.ACK_TLVS)) return { errno: Math.max(0, errno), text: '' };
  return { errno, text: wordsOf(message) };
}

function wordsOf({ type, flags, body }: Message): string {
  let at: number = NLMSGERR.request;
  if (type === NLMSG.ERROR) {
    const length = viewOf(body).getUint32(NLMSGERR.request + NLMSGHDR.len, true);
    // Only the request's header is repeated, or the whole of it.
    const repeated = flags & NLM_F.CAPPED ? NLMSGHDR.size : align(Math.max(length, NLMSGHDR.size));
    at += repeated;
  }
  const words = at <= body.length ? decodeAttributes(body, at).get(NLMSGERR_ATTR_MSG) : undefined;
  return words === undefined ? '' : textIn(words);
}

/**
 * JSON-RPC's base framing (`Content-Length: N`, CRLF, CRLF, N octets of UTF-8), with bounds: header and body are
 * refused by their announced size, before memory is taken for them.
 */
import { MAX_HEADER_OCTETS } from '../api/limits.ts';

/** The stream cannot be followed any more. */
export class FramingError extends Error {
  /** JSON-RPC 2.0 §5.1: -32700 for what is no JSON, -32600 for what is no message. */
  readonly code: -32700 | -32600;

  constructor(code: FramingError['code'], message: string) {
    super(message);
    this.name = 'FramingError';
    this.code = code;
  }
}

const SEPARATOR = Buffer.from('\r\n\r\n', 'latin1');
/** Nothing that the API takes or gives is nested deeper. */
const MAX_DEPTH = 64;

/** Octets in, message bodies out. */
export class FrameParser {
  readonly #maxBody: number;
  #header: Buffer = Buffer.alloc(0);
  #body: Buffer[] = [];
  #missing = -1;

  constructor(maxBody: number) {
    this.#maxBody = maxBody;
  }

  /**
   * Takes what arrived; gives back the bodies that are complete now.
   * @throws FramingError when the stream is not framed as it should, or announces too much
   */
  push(chunk: Buffer): Buffer[] {
    const complete: Buffer[] = [];
    let rest = chunk;
    while (rest.length > 0) {
      rest = this.#missing < 0 ? this.#takeHeader(rest) : this.#takeBody(rest);
      if (this.#missing !== 0) continue;
      complete.push(Buffer.concat(this.#body));
      this.#body = [];
      this.#missing = -1;
    }
    return complete;
  }

  #takeHeader(chunk: Buffer): Buffer {
    const before = this.#header.length;
    const header = Buffer.concat([
      this.#header,
      chunk.subarray(0, MAX_HEADER_OCTETS + SEPARATOR.length - before),
    ]);
    const end = header.indexOf(SEPARATOR, Math.max(0, before - SEPARATOR.length));
    if (end < 0) {
      if (header.length >= MAX_HEADER_OCTETS + SEPARATOR.length)
        throw new FramingError(-32600, `the header has more than ${MAX_HEADER_OCTETS} octets`);
      this.#header = header;
      return chunk.subarray(chunk.length);
    }
    this.#missing = this.#bodyLength(header.toString('latin1', 0, end));
    this.#header = Buffer.alloc(0);
    return chunk.subarray(end + SEPARATOR.length - before);
  }

  #bodyLength(header: string): number {
    const lengths = header
      .split('\r\n')
      .map((line) => /^content-length:[ \t]*([0-9]{1,10})[ \t]*$/i.exec(line)?.[1])
      .filter((value) => value !== undefined);
    if (lengths.length !== 1 || Number(lengths[0]) === 0)
      throw new FramingError(-32600, 'the header must have one Content-Length');
    const length = Number(lengths[0]);
    if (length > this.#maxBody)
      throw new FramingError(
        -32600,
        `a message of ${length} octets is too large; ${this.#maxBody} is the most`,
      );
    return length;
  }

  #takeBody(chunk: Buffer): Buffer {
    const part = chunk.subarray(0, this.#missing);
    this.#body.push(part);
    this.#missing -= part.length;
    return chunk.subarray(part.length);
  }
}

/** Brackets open at once, outside strings. */
function depthOf(json: string): number {
  let depth = 0;
  let most = 0;
  let inText = false;
  for (let i = 0; i < json.length; i++) {
    const char = json.charCodeAt(i);
    if (inText) {
      if (char === 0x5c) i++;
      else if (char === 0x22) inText = false;
    } else if (char === 0x22) inText = true;
    else if (char === 0x7b || char === 0x5b) most = Math.max(most, ++depth);
    else if (char === 0x7d || char === 0x5d) depth--;
  }
  return most;
}

/**
 * One JSON-RPC 2.0 message (no batches).
 * @throws FramingError
 */
export function parseMessage(body: Buffer): { readonly jsonrpc: '2.0' } & Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    if (depthOf(text) > MAX_DEPTH) throw new RangeError('nested too deeply');
    value = JSON.parse(text);
  } catch {
    throw new FramingError(-32700, 'the message is not JSON in UTF-8, or is nested too deeply');
  }
  if (
    typeof value !== 'object' ||
    value === null ||
    Array.isArray(value) ||
    !('jsonrpc' in value) ||
    value.jsonrpc !== '2.0'
  )
    throw new FramingError(-32600, 'the message is not a JSON-RPC 2.0 object');
  return value as { readonly jsonrpc: '2.0' } & Readonly<Record<string, unknown>>;
}

export function frame(message: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(message), 'utf8');
  return Buffer.concat([Buffer.from(`Content-Length: ${body.length}\r\n\r\n`, 'latin1'), body]);
}

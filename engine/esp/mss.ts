/**
 * Lowers the MSS option of a TCP SYN to what fits the tunnel (RFC 9293 §3.7.1, RFC 6691), with an incremental
 * checksum update (RFC 1624).
 */
import { readU16, writeU16 } from '../base/bytes.ts';
import { updateChecksum } from '../base/internet-checksum.ts';
import { type InnerHeader, IpProtocol } from './inner.ts';

const TCP_HEADER = 20;
const SYN = 0x02;
const OPTION_END = 0;
const OPTION_NOP = 1;
const OPTION_MSS = 2;

/** Clamps in place; `innerMtu` is the largest inner packet in octets. True when the option was changed. */
export function clampMss(buffer: Uint8Array, at: number, inner: InnerHeader, innerMtu: number): boolean {
  if (inner.protocol !== IpProtocol.TCP || inner.laterFragment) return false;
  const tcp = inner.transportAt;
  const end = at + inner.length;
  if (tcp + TCP_HEADER > end || ((buffer[tcp + 13] as number) & SYN) === 0) return false;
  const optionsEnd = tcp + ((buffer[tcp + 12] as number) >>> 4) * 4;
  if (optionsEnd > end) return false;
  const most = innerMtu - (inner.version === 4 ? 20 : 40) - TCP_HEADER;
  if (most <= 0) return false;
  for (let option = tcp + TCP_HEADER; option < optionsEnd; ) {
    const kind = buffer[option];
    if (kind === OPTION_END) return false;
    if (kind === OPTION_NOP) {
      option++;
      continue;
    }
    const length = option + 1 < optionsEnd ? (buffer[option + 1] as number) : 0;
    if (length < 2 || option + length > optionsEnd) return false;
    if (kind === OPTION_MSS && length === 4) return lower(buffer, tcp, option + 2, most);
    option += length;
  }
  return false;
}

function lower(buffer: Uint8Array, tcp: number, at: number, most: number): boolean {
  const before = readU16(buffer, at);
  if (before <= most) return false;
  writeU16(buffer, at, most);
  // An option behind an odd number of NOPs straddles two checksum words; swapping the octets accounts for it.
  const odd = ((at - tcp) & 1) === 1;
  const checksum = readU16(buffer, tcp + 16);
  writeU16(buffer, tcp + 16, updateChecksum(checksum, odd ? swap(before) : before, odd ? swap(most) : most));
  return true;
}

const swap = (word: number): number => ((word & 0xff) << 8) | (word >>> 8);

/** Pre-shared keys as strongSwan writes them: text, `0x` and hex digits, `0s` and Base64. */
import { fromHex, utf8, wipe } from '../base/bytes.ts';
import { err, ok, type Result } from '../base/result.ts';
import { Secret } from '../base/secret.ts';

/** Octets; longer ones are hashed by HMAC anyway. */
const MAX_LENGTH = 1024;

/** RFC 7296 §2.15 wants as much randomness as the strongest key; below this a guess over the wire is realistic. */
const SHORT_TEXT = 20;
const SHORT_OCTETS = 16;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** RFC 4648 §4, padding optional, the unused bits zero. */
export function parseBase64(text: string): Uint8Array | undefined {
  const body = text.replace(/={1,2}$/, '');
  if (body.length % 4 === 1 || (text.length !== body.length && text.length % 4 !== 0)) return undefined;
  const out = new Uint8Array(Math.floor((body.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const char of body) {
    const value = ALPHABET.indexOf(char);
    if (value < 0) return undefined;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[at++] = held >> bits;
    }
  }
  return (held & ((1 << bits) - 1)) === 0 ? out : undefined;
}

/** RFC 4648 §4 with padding. */
export function printBase64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const rest = bytes.length - i;
    const block = ((bytes[i] as number) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += ALPHABET[block >> 18];
    text += ALPHABET[(block >> 12) & 63];
    text += rest > 1 ? ALPHABET[(block >> 6) & 63] : '=';
    text += rest > 2 ? ALPHABET[block & 63] : '=';
  }
  return text;
}

export interface Psk {
  readonly secret: Secret;
  /** What makes it easy to guess. */
  readonly warning: string | undefined;
}

/** Reads a key; the error never repeats it. */
export function parsePsk(text: string): Result<Psk, string> {
  const form = text.slice(0, 2).toLowerCase();
  let bytes: Uint8Array | undefined;
  if (form === '0x') {
    const digits = text.slice(2);
    if (!/^([0-9a-fA-F]{2})+$/.test(digits)) return err('after 0x there must be pairs of hex digits');
    bytes = fromHex(digits);
  } else if (form === '0s') {
    bytes = parseBase64(text.slice(2));
    if (!bytes) return err('after 0s there must be Base64');
  } else bytes = utf8(text);
  if (bytes.length === 0) return err('must not be empty');
  if (bytes.length > MAX_LENGTH) return err(`is longer than ${MAX_LENGTH} octets`);
  const isText = form !== '0x' && form !== '0s';
  const short = bytes.length < (isText ? SHORT_TEXT : SHORT_OCTETS);
  const secret = new Secret(bytes);
  wipe(bytes);
  const warning = short
    ? `is short (${secret.length} octets): whoever poses as the gateway can guess it off-line; use at least ${
        isText ? `${SHORT_TEXT} random characters` : `${SHORT_OCTETS} octets`
      }`
    : undefined;
  return ok({ secret, warning });
}

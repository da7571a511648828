/** What MS-CHAPv2 computes (RFC 2759 §8) and the keys that follow from it (RFC 3079 §3.3, §3.4). */
import { concat, fromUtf8, toHex, utf8, wipe } from '../../base/bytes.ts';
import { desEncrypt } from '../../crypto/legacy/des.ts';
import { md4 } from '../../crypto/legacy/md4.ts';
import type { EapUser, MethodContext } from './method.ts';

type Sha1 = MethodContext['sha1'];

export interface Challenges {
  /** 16 octets each. */
  readonly server: Uint8Array;
  readonly peer: Uint8Array;
}

/** What follows from the password alone. */
export interface PasswordHashes {
  /** NtPasswordHash. */
  readonly once: Uint8Array;
  /** HashNtPasswordHash. */
  readonly twice: Uint8Array;
}

export const SERVER_SIGNING: Uint8Array = utf8('Magic server to client signing constant');
export const SERVER_PADDING: Uint8Array = utf8('Pad to make it do more than one iteration');
const MASTER = utf8('This is the MPPE Master Key');
const CLIENT_SENDS = utf8(
  'On the client side, this is the send key; on the server side, it is the receive key.',
);
const SERVER_SENDS = utf8(
  'On the client side, this is the receive key; on the server side, it is the send key.',
);
const KEY_LENGTH = 16;
const MSK_LENGTH = 64;

export function passwordHashes({ password }: Pick<EapUser, 'password'>): PasswordHashes {
  const text = fromUtf8(password.expose());
  const utf16 = new Uint8Array(2 * text.length);
  for (let i = 0; i < text.length; i++) {
    utf16[2 * i] = text.charCodeAt(i);
    utf16[2 * i + 1] = text.charCodeAt(i) >> 8;
  }
  const once = md4(utf16);
  wipe(utf16);
  return { once, twice: md4(once) };
}

/** ChallengeHash; a Windows domain in front of the name does not count (RFC 2759 §4). */
function challengeHash(sha1: Sha1, { server, peer }: Challenges, username: string): Uint8Array {
  return sha1(peer, server, utf8(username.slice(username.lastIndexOf('\\') + 1))).subarray(0, 8);
}

/** Seven octets of key become eight, the last bit of each being parity, which DES ignores. */
function desKey(seven: Uint8Array): Uint8Array {
  const key = new Uint8Array(8);
  for (let i = 0; i < 8; i++) {
    const before = i === 0 ? 0 : (seven[i - 1] as number) << (8 - i);
    key[i] = (before | ((seven[i] ?? 0) >> i)) & 0xfe;
  }
  return key;
}

/** GenerateNTResponse, 24 octets. */
export function ntResponse(
  sha1: Sha1,
  challenges: Challenges,
  username: string,
  hashes: PasswordHashes,
): Uint8Array {
  const block = challengeHash(sha1, challenges, username);
  const padded = new Uint8Array(21);
  padded.set(hashes.once);
  const out = new Uint8Array(24);
  for (let i = 0; i < 3; i++) {
    const key = desKey(padded.subarray(7 * i, 7 * i + 7));
    out.set(desEncrypt(key, block), 8 * i);
    wipe(key);
  }
  wipe(padded);
  return out;
}

/** GenerateAuthenticatorResponse: `S=` and forty hex digits in capitals. */
export function authenticatorResponse(
  sha1: Sha1,
  challenges: Challenges,
  username: string,
  hashes: PasswordHashes,
  response: Uint8Array,
): string {
  const digest = sha1(hashes.twice, response, SERVER_SIGNING);
  const hash = challengeHash(sha1, challenges, username);
  return `S=${toHex(sha1(digest, hash, SERVER_PADDING)).toUpperCase()}`;
}

/** The server's receive key, its send key, and zeroes up to 64 octets. */
export function mschapv2Msk(sha1: Sha1, hashes: PasswordHashes, response: Uint8Array): Uint8Array {
  const master = sha1(hashes.twice, response, MASTER).subarray(0, KEY_LENGTH);
  const start = (magic: Uint8Array): Uint8Array =>
    sha1(master, new Uint8Array(40), magic, new Uint8Array(40).fill(0xf2)).subarray(0, KEY_LENGTH);
  const [receive, send] = [start(CLIENT_SENDS), start(SERVER_SENDS)];
  const msk = concat(receive, send, new Uint8Array(MSK_LENGTH - 2 * KEY_LENGTH));
  wipe(master, receive, send);
  return msk;
}

export const wipeHashes = (hashes: PasswordHashes): void => wipe(hashes.once, hashes.twice);

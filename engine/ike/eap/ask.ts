/**
 * What EAP wants to know of the user: a password that is not configured, or the answer to a gateway's own words
 * (EAP-GTC and EAP-OTP, RFC 3748 §5.5, §5.6).
 */
import { fromUtf8 } from '../../base/bytes.ts';

/** A password may be kept and used again; a one-time code never is. */
export type AskKind = 'password' | 'one-time-code';

export interface Ask {
  readonly kind: AskKind;
  /** Whose secret is asked for. */
  readonly user: string;
  /** The gateway's own words, from `gatewayText`. */
  readonly text?: string;
  /** Why it is asked again, in a sentence. */
  readonly problem?: string;
}

const MOST_CHARACTERS = 200;

/** Words of a gateway that people get to see: bounded, and without anything that steers a terminal. */
export const gatewayText = (data: Uint8Array): string =>
  [...fromUtf8(data.subarray(0, 4 * MOST_CHARACTERS)).replace(/\p{C}/gu, ' ')]
    .slice(0, MOST_CHARACTERS)
    .join('')
    .trim();

const PASSWORD =
  /pass ?word|pass ?phrase|passwort|kennwort|mot de passe|contrase|parola d|has[lł]o|senha|wachtwoord/i;
const ONE_TIME = /one.?time|\botp\b|token|\bcode\b|\bpin\b|\bsms\b|einmal|challenge|\bnew\b|\bnext\b/i;

/** A password only where the text says so and nothing else; whatever is in doubt is neither kept nor answered unasked. */
export const askKind = (text: string): AskKind =>
  text === '' || (PASSWORD.test(text) && !ONE_TIME.test(text)) ? 'password' : 'one-time-code';

/**
 * EAP Generic Token Card and One-Time Password (RFC 3748 §5.5, §5.6): the gateway asks in words of its own, and the
 * answer goes back as text inside the encrypted IKE SA. Makes no key.
 */
import { equalConstantTime, utf8 } from '../../base/bytes.ts';
import type { Secret } from '../../base/secret.ts';
import { askKind, gatewayText } from './ask.ts';
import type { EapUser, PeerMethod, PeerStep, ServerMethod } from './method.ts';
import { EapType } from './packet.ts';

export interface TokenUser extends Pick<EapUser, 'username'> {
  /** Answers a first question for a password, once; everything else is asked. */
  readonly password?: Secret | undefined;
}

export class TokenPeer implements PeerMethod {
  readonly type: number;
  readonly #user: TokenUser;
  #questions = 0;
  finished = false;

  constructor(user: TokenUser, type: typeof EapType.GTC | typeof EapType.OTP) {
    this.#user = user;
    this.type = type;
  }

  request(_identifier: number, data: Uint8Array): PeerStep {
    const { username, password } = this.#user;
    const text = gatewayText(data);
    const kind = this.type === EapType.OTP ? 'one-time-code' : askKind(text);
    const again = this.#questions++ > 0;
    this.finished = false;
    if (!again && kind === 'password' && password) return this.#answer(password);
    return {
      kind: 'ask',
      ask: {
        kind,
        user: username,
        ...(text === '' ? {} : { text }),
        ...(again && kind === 'password' ? { problem: 'the gateway asks for the password once more' } : {}),
      },
      answered: (secret) => this.#answer(secret),
    };
  }

  #answer(secret: Secret): PeerStep {
    this.finished = true;
    return { kind: 'answer', data: secret.expose().slice() };
  }
}

/** @param question what the user is asked, in the gateway's words */
export function tokenServer(
  user: EapUser,
  type: typeof EapType.GTC | typeof EapType.OTP,
  question = 'Password:',
): ServerMethod {
  return {
    type,
    start: () => utf8(question),
    response: (_identifier, data) =>
      equalConstantTime(data, user.password.expose())
        ? { kind: 'accepted', msk: undefined }
        : { kind: 'refused', message: 'the password is wrong' },
  };
}

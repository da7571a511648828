/** EAP MD5-Challenge (RFC 3748 §5.4): one hash over identifier, password and challenge. Makes no key. */
import { concat, equalConstantTime, utf8 } from '../../base/bytes.ts';
import { md5 } from '../../crypto/legacy/md5.ts';
import type { RandomSource } from '../../crypto/port.ts';
import { type EapUser, failedStep, type PeerMethod, type PeerStep, type ServerMethod } from './method.ts';
import { EapType } from './packet.ts';

const CHALLENGE_LENGTH = 16;

/** Value-Size and Value, then a name; `undefined` when the size does not fit. */
function challengeOrHash(data: Uint8Array): Uint8Array | undefined {
  const size = data[0] ?? 0;
  return size > 0 && data.length > size ? data.subarray(1, 1 + size) : undefined;
}

const hash = (
  identifier: number,
  { password }: Pick<EapUser, 'password'>,
  challenge: Uint8Array,
): Uint8Array => md5(Uint8Array.of(identifier), password.expose(), challenge);

export class Md5Peer implements PeerMethod {
  readonly type: number = EapType.MD5;
  readonly #user: EapUser;
  finished = false;

  constructor(user: EapUser) {
    this.#user = user;
  }

  request(identifier: number, data: Uint8Array): PeerStep {
    const challenge = challengeOrHash(data);
    if (!challenge) return failedStep('the challenge of EAP-MD5 cannot be read');
    this.finished = true;
    const value = hash(identifier, this.#user, challenge);
    return {
      kind: 'answer',
      data: concat(Uint8Array.of(value.length), value, utf8(this.#user.username)),
    };
  }
}

export function md5Server(random: RandomSource, user: EapUser): ServerMethod {
  const challenge = random(CHALLENGE_LENGTH);
  return {
    type: EapType.MD5,
    start: () => concat(Uint8Array.of(challenge.length), challenge),
    response(identifier, data) {
      const value = challengeOrHash(data);
      const right = value && equalConstantTime(value, hash(identifier, user, challenge));
      return right
        ? { kind: 'accepted', msk: undefined }
        : { kind: 'refused', message: 'the password is wrong' };
    },
  };
}

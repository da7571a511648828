/** EAP Generic Token Card (RFC 3748 §5.6): the password itself, inside the encrypted IKE SA. Makes no key. */
import { equalConstantTime, utf8 } from '../../base/bytes.ts';
import type { EapUser, PeerMethod, PeerStep, ServerMethod } from './method.ts';
import { EapType } from './packet.ts';

export class GtcPeer implements PeerMethod {
  readonly type: number = EapType.GTC;
  readonly #user: EapUser;
  finished = false;

  constructor(user: EapUser) {
    this.#user = user;
  }

  request(): PeerStep {
    this.finished = true;
    return { kind: 'answer', data: this.#user.password.expose().slice() };
  }
}

export function gtcServer(user: EapUser): ServerMethod {
  return {
    type: EapType.GTC,
    start: () => utf8('Password:'),
    response: (_identifier, data) =>
      equalConstantTime(data, user.password.expose())
        ? { kind: 'accepted', msk: undefined }
        : { kind: 'refused', message: 'the password is wrong' },
  };
}

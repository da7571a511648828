/**
 * EAP-MSCHAPv2 (draft-kamath-pppext-eap-mschapv2, RFC 2759): both ends prove that they know the password, and
 * an MSK follows. A changed or expired password is told, not handled.
 */
import { concat, equalConstantTime, fromUtf8, readU16, utf8, wipe, writeU16 } from '../../base/bytes.ts';
import {
  type EapUser,
  failedStep,
  type MethodContext,
  type PeerMethod,
  type PeerStep,
  type ServerMethod,
} from './method.ts';
import {
  authenticatorResponse,
  type Challenges,
  mschapv2Msk,
  ntResponse,
  type PasswordHashes,
  passwordHashes,
  wipeHashes,
} from './mschapv2-hashes.ts';
import { EapType } from './packet.ts';

const Op = { CHALLENGE: 1, RESPONSE: 2, SUCCESS: 3, FAILURE: 4 } as const;
const HEADER = 4;
const CHALLENGE = 16;
/** Peer challenge, eight reserved octets, NT-Response, flags. */
const RESPONSE = 49;

/** RFC 2759 §6. */
const ERRORS: Readonly<Record<string, string>> = {
  646: 'logging in is not allowed at this hour',
  647: 'the account is disabled',
  648: 'the password has expired',
  649: 'the account may not dial in',
  691: 'user name or password is wrong',
  709: 'the password could not be changed',
};

const WRONG_PASSWORD = '691';

/** OpCode, MS-CHAPv2-ID and MS-Length, then a body; `undefined` when the length does not fit. */
function read(data: Uint8Array): { op: number; id: number; body: Uint8Array } | undefined {
  if (data.length < HEADER || readU16(data, 2) !== data.length) return undefined;
  return { op: data[0] as number, id: data[1] as number, body: data.subarray(HEADER) };
}

function write(op: number, id: number, ...body: readonly Uint8Array[]): Uint8Array {
  const data = concat(Uint8Array.of(op, id, 0, 0), ...body);
  writeU16(data, 2, data.length);
  return data;
}

/** Printable ASCII and no more than people read. */
const printable = (bytes: Uint8Array): string =>
  fromUtf8(bytes.subarray(0, 512))
    .replace(/[^\x20-\x7e]/g, '')
    .slice(0, 200);

/** `E=691 R=1 C=… V=3 M=…`: what it says, and whether it is about the account, so that no other password helps. */
export function chapError(body: Uint8Array): { readonly message: string; readonly account: boolean } {
  const text = printable(body);
  const code = /E=(\d{1,10})/.exec(text)?.[1] ?? '';
  const why = code === '' ? 'user name or password is refused' : (ERRORS[code] ?? `error ${code}`);
  const message = (code === '' ? text : (/M=(.*)$/.exec(text)?.[1] ?? '')).trim();
  return {
    message: `${why}${message === '' ? '' : ` ("${message}")`}`,
    account: code in ERRORS && code !== WRONG_PASSWORD,
  };
}

export class Mschapv2Peer implements PeerMethod {
  readonly type: number = EapType.MSCHAPV2;
  readonly #context: MethodContext;
  readonly #user: EapUser;
  #expected: string | undefined;
  #msk: Uint8Array | undefined;
  finished = false;
  complaint: string | undefined;
  accountAtFault = false;

  constructor(context: MethodContext, user: EapUser) {
    this.#context = context;
    this.#user = user;
  }

  request(_identifier: number, data: Uint8Array): PeerStep {
    const message = read(data);
    if (!message) return failedStep('a message of EAP-MSCHAPv2 cannot be read');
    if (message.op === Op.CHALLENGE) return this.#challenge(message.id, message.body);
    if (message.op === Op.SUCCESS) return this.#success(message.body);
    if (message.op === Op.FAILURE) return this.#failure(message.body);
    return failedStep(`EAP-MSCHAPv2 has no operation ${message.op}`);
  }

  takeMsk(): Uint8Array | undefined {
    const msk = this.#msk;
    this.#msk = undefined;
    return msk;
  }

  wipe(): void {
    wipe(this.#msk);
  }

  #challenge(id: number, body: Uint8Array): PeerStep {
    if (body[0] !== CHALLENGE || body.length < 1 + CHALLENGE)
      return failedStep('the challenge of EAP-MSCHAPv2 cannot be read');
    const { sha1, random } = this.#context;
    const { username } = this.#user;
    const challenges: Challenges = { server: body.slice(1, 1 + CHALLENGE), peer: random(CHALLENGE) };
    const hashes = passwordHashes(this.#user);
    const response = ntResponse(sha1, challenges, username, hashes);
    this.#expected = authenticatorResponse(sha1, challenges, username, hashes, response);
    wipe(this.#msk);
    this.#msk = mschapv2Msk(sha1, hashes, response);
    wipeHashes(hashes);
    const value = concat(challenges.peer, new Uint8Array(8), response, Uint8Array.of(0));
    return { kind: 'answer', data: write(Op.RESPONSE, id, Uint8Array.of(RESPONSE), value, utf8(username)) };
  }

  /** Only who knows the password can say `S=…`; the message behind it is for people. */
  #success(body: Uint8Array): PeerStep {
    const expected = this.#expected;
    const said = utf8(
      printable(body)
        .slice(0, expected?.length ?? 0)
        .toUpperCase(),
    );
    if (expected === undefined || !equalConstantTime(said, utf8(expected)))
      return failedStep('the gateway does not know the password: its answer of EAP-MSCHAPv2 is wrong', true);
    this.finished = true;
    return { kind: 'answer', data: Uint8Array.of(Op.SUCCESS) };
  }

  /** No second try with the same password: it may lock the account. */
  #failure(body: Uint8Array): PeerStep {
    const { message, account } = chapError(body);
    this.accountAtFault = account;
    this.complaint = `EAP-MSCHAPv2: ${message}`;
    return { kind: 'answer', data: Uint8Array.of(Op.FAILURE) };
  }
}

export function mschapv2Server({ random, sha1 }: MethodContext, user: EapUser): ServerMethod {
  const challenge = random(CHALLENGE);
  let accepted: Uint8Array | undefined;
  let refused = false;
  const judge = (id: number, body: Uint8Array): Uint8Array => {
    const hashes: PasswordHashes = passwordHashes(user);
    const challenges: Challenges = { server: challenge, peer: body.slice(1, 1 + CHALLENGE) };
    const response = body.slice(25, 49);
    const right = equalConstantTime(response, ntResponse(sha1, challenges, user.username, hashes));
    const proof = authenticatorResponse(sha1, challenges, user.username, hashes, response);
    if (right) accepted = mschapv2Msk(sha1, hashes, response);
    else refused = true;
    wipeHashes(hashes);
    return right
      ? write(Op.SUCCESS, id, utf8(`${proof} M=Welcome`))
      : write(
          Op.FAILURE,
          id,
          utf8('E=691 R=0 C=00000000000000000000000000000000 V=3 M=Authentication failed'),
        );
  };
  return {
    type: EapType.MSCHAPV2,
    start: (identifier) =>
      write(Op.CHALLENGE, identifier, Uint8Array.of(CHALLENGE), challenge, utf8('culvert')),
    response(_identifier, data) {
      if (accepted && data.length === 1 && data[0] === Op.SUCCESS) return { kind: 'accepted', msk: accepted };
      if (refused) return { kind: 'refused', message: 'the password is wrong' };
      const message = read(data);
      const fits = message?.op === Op.RESPONSE && message.body[0] === RESPONSE && message.body.length >= 50;
      if (!message || !fits || accepted) return { kind: 'refused', message: 'the response cannot be read' };
      return { kind: 'ask', data: judge(message.id, message.body) };
    },
  };
}

/**
 * What EAP-TTLS has in its tunnel (RFC 5281 §11.2): the password itself (PAP), MS-CHAPv2 with a challenge out of the TLS
 * connection, or EAP. The client speaks first.
 */
import { concat, equalConstantTime, utf8, wipe } from '../../base/bytes.ts';
import { AvpCode, MICROSOFT, MsAvpCode, readAvps, writeAvp } from './avp.ts';
import { InnerEap, type InnerPeer } from './inner-eap.ts';
import type { EapUser, MethodContext } from './method.ts';
import { chapError } from './mschapv2.ts';
import { authenticatorResponse, ntResponse, passwordHashes, wipeHashes } from './mschapv2-hashes.ts';
import { EapCode, EapType, eapTypeName, writeEapPacket } from './packet.ts';
import { failedPhase, IDLE, type PhaseStep, type SecondPhase, type TlsKeys } from './tls-peer.ts';
import type { TlsExport } from './tls-steps.ts';

const ietf = (code: number, data: Uint8Array): Uint8Array =>
  writeAvp({ code, vendor: 0, mandatory: true, data });
const microsoft = (code: number, data: Uint8Array): Uint8Array =>
  writeAvp({ code, vendor: MICROSOFT, mandatory: true, data });

/** Key of a pair that may be known here. */
const keyOf = (vendor: number, code: number): string => `${vendor}/${code}`;

/** The pairs of a message by vendor and code; a failure when it cannot be read or has a mandatory stranger (§10.1). */
function known(plain: Uint8Array, wanted: readonly string[]): Map<string, Uint8Array> | PhaseStep {
  const avps = readAvps(plain);
  if (!avps) return failedPhase('EAP-TTLS: the attributes of the gateway cannot be read');
  const found = new Map<string, Uint8Array>();
  for (const { code, vendor, mandatory, data } of avps) {
    const key = keyOf(vendor, code);
    const before = found.get(key);
    if (wanted.includes(key)) found.set(key, before ? concat(before, data) : data);
    else if (mandatory) return failedPhase(`EAP-TTLS: the gateway sent the unknown attribute ${key}`);
  }
  return found;
}

/** User-Password is padded with zeroes, so that its length is not seen (§11.2.5). */
const PAP_BLOCK = 16;

export class TtlsPap implements SecondPhase {
  readonly text = '/PAP';
  readonly #user: EapUser;
  finished = false;

  constructor(user: EapUser) {
    this.#user = user;
  }

  begin(): PhaseStep {
    const password = this.#user.password.expose();
    const padded = new Uint8Array(Math.max(1, Math.ceil(password.length / PAP_BLOCK)) * PAP_BLOCK);
    padded.set(password);
    const data = concat(
      ietf(AvpCode.USER_NAME, utf8(this.#user.username)),
      ietf(AvpCode.USER_PASSWORD, padded),
    );
    wipe(padded);
    this.finished = true;
    return { kind: 'send', data };
  }

  take(plain: Uint8Array): PhaseStep {
    const found = known(plain, [keyOf(0, AvpCode.REPLY_MESSAGE)]);
    return found instanceof Map ? IDLE : found;
  }
}

const CHALLENGE = 16;
/** Challenge and identifier come out of the TLS connection, so that they need not be sent (§11.1). */
export const TTLS_CHALLENGE: readonly TlsExport[] = (['TLSv1.2', 'TLSv1.3'] as const).map((version) => ({
  version,
  label: 'ttls challenge',
  length: CHALLENGE + 1,
}));

export class TtlsMschapv2 implements SecondPhase {
  readonly text = '/MSCHAPv2';
  readonly #context: MethodContext;
  readonly #user: EapUser;
  #expected: Uint8Array | undefined;
  finished = false;
  complaint: string | undefined;
  accountAtFault = false;

  constructor(context: MethodContext, user: EapUser) {
    this.#context = context;
    this.#user = user;
  }

  begin({ exported }: TlsKeys): PhaseStep {
    const material = exported[1];
    if (material?.length !== CHALLENGE + 1) return failedPhase('EAP-TTLS: TLS gave no challenge');
    const { sha1, random } = this.#context;
    const { username } = this.#user;
    const challenges = { server: material.subarray(0, CHALLENGE), peer: random(CHALLENGE) };
    const identifier = material.subarray(CHALLENGE);
    const hashes = passwordHashes(this.#user);
    const response = ntResponse(sha1, challenges, username, hashes);
    const proof = utf8(authenticatorResponse(sha1, challenges, username, hashes, response));
    wipeHashes(hashes);
    this.#expected = concat(identifier, proof);
    const data = concat(
      ietf(AvpCode.USER_NAME, utf8(username)),
      microsoft(MsAvpCode.CHAP_CHALLENGE, challenges.server),
      microsoft(
        MsAvpCode.CHAP2_RESPONSE,
        concat(identifier, Uint8Array.of(0), challenges.peer, new Uint8Array(8), response),
      ),
    );
    return { kind: 'send', data };
  }

  take(plain: Uint8Array): PhaseStep {
    const success = keyOf(MICROSOFT, MsAvpCode.CHAP2_SUCCESS);
    const error = keyOf(MICROSOFT, MsAvpCode.CHAP_ERROR);
    const found = known(plain, [success, error, keyOf(0, AvpCode.REPLY_MESSAGE)]);
    if (!(found instanceof Map)) return found;
    const refusal = found.get(error);
    const said = found.get(success);
    if (refusal) {
      const { message, account } = chapError(refusal.subarray(1));
      this.complaint = `EAP-TTLS/MSCHAPv2: ${message}`;
      this.accountAtFault = account;
      return IDLE;
    }
    if (!said) return IDLE;
    const expected = this.#expected;
    if (!expected || !equalConstantTime(said.subarray(0, expected.length), expected))
      return failedPhase(
        'the gateway does not know the password: its answer of EAP-TTLS/MSCHAPv2 is wrong',
        true,
      );
    this.finished = true;
    return IDLE;
  }
}

export class TtlsEap implements SecondPhase {
  readonly text: string;
  readonly #inner: InnerEap;

  /** @param type of the method that the inner peer allows */
  constructor(peer: InnerPeer, type: number) {
    this.text = `/${eapTypeName(type)}`;
    this.#inner = new InnerEap(peer, (packet) => ietf(AvpCode.EAP_MESSAGE, packet));
  }

  get finished(): boolean {
    return this.#inner.finished;
  }

  get complaint(): string | undefined {
    return this.#inner.complaint;
  }

  get accountAtFault(): boolean {
    return this.#inner.accountAtFault;
  }

  /** The client says who it is before it is asked (§11.2.1). */
  begin(): PhaseStep {
    return this.#inner.take(
      writeEapPacket({
        code: EapCode.REQUEST,
        identifier: 0,
        type: EapType.IDENTITY,
        data: new Uint8Array(0),
      }),
    );
  }

  take(plain: Uint8Array): PhaseStep {
    const message = keyOf(0, AvpCode.EAP_MESSAGE);
    const found = known(plain, [message, keyOf(0, AvpCode.REPLY_MESSAGE)]);
    if (!(found instanceof Map)) return found;
    const packet = found.get(message);
    return packet ? this.#inner.take(packet) : IDLE;
  }

  wipe(): void {
    this.#inner.wipe();
  }
}

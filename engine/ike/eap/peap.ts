/**
 * What PEAPv0 has in its tunnel ([MS-PEAP], draft-kamath-pppext-peapv0): EAP packets without their first four octets,
 * and at the end a packet of TLVs with the result, in which the server may ask for a cryptographic binding.
 */
import { concat, equalConstantTime, readU16, wipe, writeU16 } from '../../base/bytes.ts';
import { InnerEap, type InnerPeer } from './inner-eap.ts';
import type { MethodContext } from './method.ts';
import { EapCode, EapType, eapTypeName, readEapPacket, writeEapPacket } from './packet.ts';
import {
  bindingAnswer,
  bindingKeys,
  boundMsk,
  compoundMac,
  innerSessionKey,
  readBinding,
} from './peap-binding.ts';
import { failedPhase, IDLE, type PhaseStep, type SecondPhase, type TlsKeys } from './tls-peer.ts';

/** EAP type of the packets with TLVs. */
const TLVS = 33;
const Tlv = { RESULT: 3, BINDING: 12 } as const;
const Result = { SUCCESS: 1, FAILURE: 2 } as const;
const MANDATORY = 0x8000;
const HEADER = 4;
const MOST_TLVS = 16;

interface Tlvs {
  readonly result: number | undefined;
  /** Header and value. */
  readonly binding: Uint8Array | undefined;
}

/** `undefined` when a length does not fit or a mandatory TLV is not known. */
export function readTlvs(data: Uint8Array): Tlvs | undefined {
  let result: number | undefined;
  let binding: Uint8Array | undefined;
  let count = 0;
  for (let at = 0; at < data.length; ) {
    if (data.length - at < HEADER || ++count > MOST_TLVS) return undefined;
    const type = readU16(data, at);
    const end = at + HEADER + readU16(data, at + 2);
    if (end > data.length) return undefined;
    const kind = type & 0x3fff;
    if (kind === Tlv.RESULT && end - at === HEADER + 2 && result === undefined)
      result = readU16(data, at + HEADER);
    else if (kind === Tlv.BINDING && binding === undefined) binding = data.slice(at, end);
    else if (type & MANDATORY) return undefined;
    at = end;
  }
  return { result, binding };
}

function writeTlv(type: number, mandatory: boolean, value: Uint8Array): Uint8Array {
  const tlv = concat(new Uint8Array(HEADER), value);
  writeU16(tlv, 0, type | (mandatory ? MANDATORY : 0));
  writeU16(tlv, 2, value.length);
  return tlv;
}

const MSCHAPV2_NAME = 'MSCHAPv2';

export class Peap implements SecondPhase {
  readonly text: string;
  readonly #context: MethodContext;
  readonly #inner: InnerEap;
  #msk: Uint8Array | undefined;
  #refused = false;
  finished = false;

  /** @param type of the method that the inner peer allows */
  constructor(context: MethodContext, peer: InnerPeer, type: number) {
    this.text = `/${type === EapType.MSCHAPV2 ? MSCHAPV2_NAME : eapTypeName(type)}`;
    this.#context = context;
    this.#inner = new InnerEap(peer, (packet) => packet.subarray(HEADER));
  }

  get complaint(): string | undefined {
    if (this.#inner.complaint !== undefined) return this.#inner.complaint;
    return this.#refused ? `PEAP${this.text}: the gateway refuses user name or password` : undefined;
  }

  get accountAtFault(): boolean {
    return this.#inner.accountAtFault;
  }

  /** The server speaks first. */
  begin(): PhaseStep {
    return IDLE;
  }

  take(plain: Uint8Array, identifier: number, { exported }: TlsKeys): PhaseStep {
    const whole = readEapPacket(plain);
    if (whole && 'type' in whole && whole.type === TLVS)
      return whole.code === EapCode.REQUEST
        ? this.#result(whole.identifier, whole.data, exported[0])
        : failedPhase('PEAP: the gateway answered where it should ask');
    const packet = writeEapPacket({
      code: EapCode.REQUEST,
      identifier,
      type: plain[0] as number,
      data: plain.subarray(1),
    });
    return this.#inner.take(packet);
  }

  msk(key: Uint8Array): Uint8Array {
    return this.#msk?.slice() ?? key.slice();
  }

  wipe(): void {
    wipe(this.#msk);
    this.#inner.wipe();
  }

  #result(identifier: number, data: Uint8Array, tunnel: Uint8Array | undefined): PhaseStep {
    const tlvs = readTlvs(data);
    if (!tlvs || tlvs.result === undefined) return failedPhase('PEAP: the result cannot be read');
    const answer = (result: number, ...more: Uint8Array[]): PhaseStep => {
      const value = writeTlv(Tlv.RESULT, true, Uint8Array.of(0, result));
      return {
        kind: 'send',
        data: writeEapPacket({
          code: EapCode.RESPONSE,
          identifier,
          type: TLVS,
          data: concat(value, ...more),
        }),
      };
    };
    if (tlvs.result !== Result.SUCCESS) {
      this.#refused = true;
      return answer(Result.FAILURE);
    }
    if (!this.#inner.succeed())
      return failedPhase('PEAP: the gateway ended with success before the method did');
    const bound = tlvs.binding && this.#bind(tlvs.binding, tunnel);
    if (tlvs.binding && !bound)
      return failedPhase('PEAP: the tunnel and what is in it do not end at the same gateway', true);
    this.finished = true;
    return bound ? answer(Result.SUCCESS, bound) : answer(Result.SUCCESS);
  }

  /** Our TLV in answer to the server's; `undefined` when that does not prove the binding. */
  #bind(theirs: Uint8Array, tunnel: Uint8Array | undefined): Uint8Array | undefined {
    const { sha1 } = this.#context;
    const claim = readBinding(theirs.subarray(HEADER));
    if (!claim || !tunnel) return undefined;
    const isk = innerSessionKey(this.#inner.msk);
    const keys = bindingKeys(sha1, tunnel, isk);
    wipe(isk);
    const genuine = equalConstantTime(compoundMac(sha1, keys, theirs), claim.mac);
    const tlv = writeTlv(Tlv.BINDING, false, bindingAnswer(claim.nonce));
    tlv.set(compoundMac(sha1, keys, tlv), tlv.length - claim.mac.length);
    wipe(this.#msk);
    this.#msk = genuine ? boundMsk(sha1, keys) : undefined;
    wipe(keys.ipmk, keys.cmk);
    return genuine ? tlv : undefined;
  }
}

/** EAP as the peer (RFC 3748 §2, §4, §5): identity, negotiation of the method by Nak, the method, its end. */
import { fromUtf8, utf8 } from '../../base/bytes.ts';
import { GtcPeer } from './gtc.ts';
import { Md5Peer } from './md5.ts';
import type { EapMethodName, EapUser, MethodContext, PeerMethod } from './method.ts';
import { Mschapv2Peer } from './mschapv2.ts';
import { EapCode, EapType, eapTypeName, readEapPacket, writeEapPacket } from './packet.ts';

export interface EapPeerConfig extends EapUser {
  /** Allowed methods, most wanted first. */
  readonly methods: readonly EapMethodName[];
  /** Answer to EAP-Identity. */
  readonly identity: string;
}

export type EapOutcome =
  /** The whole EAP packet to send. */
  | { readonly kind: 'respond'; readonly packet: Uint8Array; readonly note: string }
  /** `msk`: 64 octets or more, the caller's to wipe; `undefined` from a method that makes none. */
  | { readonly kind: 'success'; readonly method: string; readonly msk: Uint8Array | undefined }
  /** The server said no. */
  | { readonly kind: 'refused'; readonly message: string }
  /** The server broke the rules, or (`impostor`) could not prove itself. */
  | { readonly kind: 'broken'; readonly message: string; readonly impostor: boolean };

/** Longer than any method here: a server that goes on asking is given up. */
const MOST_ROUNDS = 50;
const TYPES: Readonly<Record<EapMethodName, number>> = {
  mschapv2: EapType.MSCHAPV2,
  gtc: EapType.GTC,
  md5: EapType.MD5,
};

const broken = (message: string, impostor = false): EapOutcome => ({ kind: 'broken', message, impostor });

export class EapPeer {
  readonly #config: EapPeerConfig;
  readonly #context: MethodContext;
  #method: PeerMethod | undefined;
  /** What we refused with a Nak, for the end's explanation. */
  #declined: number | undefined;
  #rounds = 0;

  constructor(config: EapPeerConfig, context: MethodContext) {
    this.#config = config;
    this.#context = context;
  }

  /** Takes one EAP packet of the server's. Never throws for what is in it. */
  take(bytes: Uint8Array): EapOutcome {
    const packet = readEapPacket(bytes);
    if (packet?.code === EapCode.SUCCESS) return this.#success();
    if (packet?.code === EapCode.FAILURE) return this.#failure();
    if (packet?.code !== EapCode.REQUEST) return broken('the gateway sent no EAP packet where one belongs');
    if (++this.#rounds > MOST_ROUNDS) return broken('the gateway asks on and on in EAP');
    return this.#request(packet.identifier, packet.type, packet.data);
  }

  wipe(): void {
    this.#method?.wipe?.();
    this.#method = undefined;
  }

  #request(identifier: number, type: number, data: Uint8Array): EapOutcome {
    const respond = (answerType: number, answer: Uint8Array, note: string): EapOutcome => ({
      kind: 'respond',
      note,
      packet: writeEapPacket({ code: EapCode.RESPONSE, identifier, type: answerType, data: answer }),
    });
    if (type === EapType.IDENTITY)
      return respond(type, utf8(this.#config.identity), `identity ${this.#config.identity}`);
    if (type === EapType.NOTIFICATION)
      return respond(type, new Uint8Array(0), `the gateway says: ${printable(data)}`);
    if (type === EapType.NAK) return broken('the gateway sent a Nak as a request');
    if (this.#method && this.#method.type !== type)
      return broken(`the gateway changed from ${eapTypeName(this.#method.type)} to ${eapTypeName(type)}`);
    this.#method ??= this.#begin(type);
    if (!this.#method) {
      this.#declined = type;
      const wanted = this.#config.methods.map((name) => TYPES[name]);
      return respond(
        EapType.NAK,
        Uint8Array.from(wanted),
        `${eapTypeName(type)} is not allowed, asking for ${wanted.map(eapTypeName).join(', ')}`,
      );
    }
    const step = this.#method.request(identifier, data);
    if (step.kind === 'failed') return broken(step.message, step.impostor);
    return respond(type, step.data, eapTypeName(type));
  }

  #begin(type: number): PeerMethod | undefined {
    const name = this.#config.methods.find((n) => TYPES[n] === type);
    switch (name) {
      case 'mschapv2':
        return new Mschapv2Peer(this.#context, this.#config);
      case 'gtc':
        return new GtcPeer(this.#config);
      case 'md5':
        return new Md5Peer(this.#config);
      case undefined:
        return undefined;
    }
  }

  #success(): EapOutcome {
    const method = this.#method;
    // Without a method of ours having ended well it is a bypass (RFC 3748 §4.2).
    if (!method?.finished) return broken('the gateway ended EAP with success before the method did');
    return { kind: 'success', method: eapTypeName(method.type), msk: method.takeMsk?.() };
  }

  #failure(): EapOutcome {
    const method = this.#method;
    if (method?.complaint !== undefined) return { kind: 'refused', message: method.complaint };
    if (!method && this.#declined !== undefined)
      return {
        kind: 'refused',
        message: `the gateway insists on ${eapTypeName(this.#declined)}, which this profile does not allow`,
      };
    const said = method
      ? `${eapTypeName(method.type)}: the gateway refuses user name or password`
      : `the gateway refuses the user ${this.#config.identity}`;
    return { kind: 'refused', message: said };
  }
}

const printable = (data: Uint8Array): string =>
  fromUtf8(data.subarray(0, 512)).replace(/\p{C}/gu, ' ').slice(0, 200);

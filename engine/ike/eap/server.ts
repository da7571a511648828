/** EAP as the authenticator, for the embedded gateway: asks who it is, offers one method, follows a Nak. */
import { fromUtf8 } from '../../base/bytes.ts';
import type { Secret } from '../../base/secret.ts';
import { tokenServer } from './gtc.ts';
import { md5Server } from './md5.ts';
import type { MethodContext, ServerMethod, SimpleName } from './method.ts';
import { mschapv2Server } from './mschapv2.ts';
import { EapCode, EapType, readEapPacket, writeEapPacket } from './packet.ts';

export interface EapServerConfig {
  /** Offered in this order; a peer's Nak may choose another of them. */
  readonly methods: readonly SimpleName[];
  /** The password of a user; `undefined` refuses them. */
  readonly password: (username: string) => Secret | undefined;
  /** What EAP-GTC and EAP-OTP ask, instead of `Password:`. */
  readonly question?: string;
}

export type EapVerdict =
  | { readonly kind: 'ask'; readonly packet: Uint8Array }
  | { readonly kind: 'success'; readonly packet: Uint8Array; readonly msk: Uint8Array | undefined }
  | { readonly kind: 'failure'; readonly packet: Uint8Array; readonly message: string };

export class EapServer {
  readonly #config: EapServerConfig;
  readonly #context: MethodContext;
  #identifier: number;
  #username: string | undefined;
  #password: Secret | undefined;
  #method: ServerMethod | undefined;
  #offered = 0;

  constructor(config: EapServerConfig, context: MethodContext) {
    this.#config = config;
    this.#context = context;
    this.#identifier = context.random(1)[0] as number;
  }

  /** The request for an identity. */
  start(): Uint8Array {
    return this.#packet(EapType.IDENTITY, new Uint8Array(0));
  }

  take(bytes: Uint8Array): EapVerdict {
    const packet = readEapPacket(bytes);
    if (packet?.code !== EapCode.RESPONSE || packet.identifier !== this.#identifier)
      return this.#fail('the response does not belong to the request');
    if (this.#username === undefined) {
      if (packet.type !== EapType.IDENTITY) return this.#fail('the peer does not say who it is');
      this.#username = fromUtf8(packet.data);
      this.#password = this.#config.password(this.#username);
      return this.#password ? this.#offer(this.#config.methods[0]) : this.#fail('the user is not known');
    }
    if (packet.type === EapType.NAK && this.#offered === 1)
      return this.#offer(this.#config.methods.find((name) => packet.data.includes(TYPES[name])));
    if (packet.type !== this.#method?.type) return this.#fail('the response is of another method');
    const step = this.#method.response(packet.identifier, packet.data);
    switch (step.kind) {
      case 'ask':
        return { kind: 'ask', packet: this.#packet(packet.type, step.data) };
      case 'accepted':
        return {
          kind: 'success',
          packet: writeEapPacket({ code: EapCode.SUCCESS, identifier: this.#identifier }),
          msk: step.msk,
        };
      case 'refused':
        return this.#fail(step.message);
    }
  }

  #offer(name: SimpleName | undefined): EapVerdict {
    if (name === undefined || this.#username === undefined || !this.#password)
      return this.#fail('there is no method that both ends allow');
    this.#offered++;
    const user = { username: this.#username, password: this.#password };
    const { random } = this.#context;
    this.#method =
      name === 'mschapv2'
        ? mschapv2Server(this.#context, user)
        : name === 'md5'
          ? md5Server(random, user)
          : tokenServer(user, TYPES[name], this.#config.question);
    const next = (this.#identifier + 1) & 0xff;
    return { kind: 'ask', packet: this.#packet(this.#method.type, this.#method.start(next)) };
  }

  #packet(type: number, data: Uint8Array): Uint8Array {
    this.#identifier = (this.#identifier + 1) & 0xff;
    return writeEapPacket({ code: EapCode.REQUEST, identifier: this.#identifier, type, data });
  }

  #fail(message: string): EapVerdict {
    return {
      kind: 'failure',
      message,
      packet: writeEapPacket({ code: EapCode.FAILURE, identifier: this.#identifier }),
    };
  }
}

const TYPES = {
  mschapv2: EapType.MSCHAPV2,
  gtc: EapType.GTC,
  otp: EapType.OTP,
  md5: EapType.MD5,
} as const satisfies Readonly<Record<SimpleName, number>>;

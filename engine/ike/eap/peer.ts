/** EAP as the peer (RFC 3748 §2, §4, §5): identity, negotiation of the method by Nak, the method, its end. */
import { utf8 } from '../../base/bytes.ts';
import type { Failure } from '../../base/failure.ts';
import type { Secret } from '../../base/secret.ts';
import { type Ask, gatewayText } from './ask.ts';
import { TokenPeer } from './gtc.ts';
import { Md5Peer } from './md5.ts';
import {
  type EapMethodName,
  isTunnel,
  type MethodContext,
  needsPassword,
  type PeerMethod,
  type PeerStep,
  type Phase2Name,
} from './method.ts';
import { Mschapv2Peer } from './mschapv2.ts';
import { EapCode, EapType, eapTypeName, readEapPacket, writeEapPacket } from './packet.ts';
import type { TlsResult, TlsStep, TlsVersions } from './tls-steps.ts';
import { tunnelPeer } from './tunnel-methods.ts';

export interface EapPeerConfig {
  /** As typed, a Windows domain in front of a backslash included. */
  readonly username: string;
  /** UTF-8; without it the user is asked when a method needs it. */
  readonly password?: Secret | undefined;
  /** Allowed methods, most wanted first. */
  readonly methods: readonly EapMethodName[];
  /** Answer to EAP-Identity. */
  readonly identity: string;
  /** In the tunnel of EAP-TTLS and PEAP; EAP-MSCHAPv2 when left out. */
  readonly phase2?: Phase2Name | undefined;
  /** TLS 1.2 and 1.3 when left out. */
  readonly tls?: TlsVersions | undefined;
}

export type EapOutcome =
  /** The whole EAP packet to send. `doom`: why it has ended, whatever the server says to it. */
  | {
      readonly kind: 'respond';
      readonly packet: Uint8Array;
      readonly note: string;
      readonly doom?: Failure;
    }
  /** `msk`: 64 octets or more, the caller's to wipe; `undefined` from a method that makes none. */
  | { readonly kind: 'success'; readonly method: string; readonly msk: Uint8Array | undefined }
  /** The user is to be asked; the secret is this machine's to wipe from then on. */
  | { readonly kind: 'ask'; readonly ask: Ask; readonly answered: (secret: Secret) => EapOutcome }
  /** TLS is to be asked. */
  | { readonly kind: 'tls'; readonly step: TlsStep; readonly answered: (result: TlsResult) => EapOutcome }
  /** The server said no; `account`: whatever the password is. */
  | { readonly kind: 'refused'; readonly message: string; readonly account?: boolean }
  /** The server broke the rules, or (`impostor`) could not prove itself. */
  | {
      readonly kind: 'broken';
      readonly message: string;
      readonly impostor: boolean;
      readonly failure?: Failure;
    };

/** Longer than any method here: a server that goes on asking is given up. */
const MOST_ROUNDS = 50;
const TYPES = {
  mschapv2: EapType.MSCHAPV2,
  gtc: EapType.GTC,
  otp: EapType.OTP,
  md5: EapType.MD5,
  tls: EapType.TLS,
  ttls: EapType.TTLS,
  peap: EapType.PEAP,
} as const satisfies Readonly<Record<EapMethodName, number>>;

const broken = (message: string, impostor = false): EapOutcome => ({ kind: 'broken', message, impostor });

type Respond = Extract<EapOutcome, { kind: 'respond' }>;

export class EapPeer {
  readonly #config: EapPeerConfig;
  readonly #context: MethodContext;
  #method: PeerMethod | undefined;
  /** What the user answered, wiped at the end. */
  readonly #answers: Secret[] = [];
  #password: Secret | undefined;
  /** What we refused with a Nak, for the end's explanation. */
  #declined: number | undefined;
  #rounds = 0;

  constructor(config: EapPeerConfig, context: MethodContext) {
    this.#config = config;
    this.#context = context;
    this.#password = config.password;
  }

  /** Takes one EAP packet of the server's. Never throws for what is in it. */
  take(bytes: Uint8Array): EapOutcome {
    const packet = readEapPacket(bytes);
    if (packet?.code === EapCode.SUCCESS) return this.#success();
    if (packet?.code === EapCode.FAILURE) return this.#failure();
    if (packet?.code !== EapCode.REQUEST) return broken('the gateway sent no EAP packet where one belongs');
    if (++this.#rounds > (this.#method?.mostRounds ?? MOST_ROUNDS))
      return broken('the gateway asks on and on in EAP');
    return this.#request(packet.identifier, packet.type, packet.data);
  }

  /** Whether the method has seen all that it wants, so that success may come. */
  get methodFinished(): boolean {
    return this.#method?.finished ?? false;
  }

  /** That the server insists on a method that was declined, in words. */
  get insistence(): string | undefined {
    return !this.#method && this.#declined !== undefined
      ? `the gateway insists on ${eapTypeName(this.#declined)}, which this profile does not allow`
      : undefined;
  }

  wipe(): void {
    this.#method?.wipe?.();
    this.#method = undefined;
    for (const answer of this.#answers.splice(0)) answer.wipe();
  }

  #request(identifier: number, type: number, data: Uint8Array): EapOutcome {
    const respond = (answerType: number, answer: Uint8Array, note: string): Respond => ({
      kind: 'respond',
      note,
      packet: writeEapPacket({ code: EapCode.RESPONSE, identifier, type: answerType, data: answer }),
    });
    if (type === EapType.IDENTITY)
      return respond(type, utf8(this.#config.identity), `identity ${this.#config.identity}`);
    if (type === EapType.NOTIFICATION)
      return respond(type, new Uint8Array(0), `the gateway says: ${gatewayText(data)}`);
    if (type === EapType.NAK) return broken('the gateway sent a Nak as a request');
    if (this.#method && this.#method.type !== type)
      return broken(`the gateway changed from ${eapTypeName(this.#method.type)} to ${eapTypeName(type)}`);
    const name = this.#config.methods.find((n) => TYPES[n] === type);
    if (name !== undefined && needsPassword(name, this.#config.phase2) && !this.#password)
      return this.#ask({ kind: 'password', user: this.#config.username }, (secret) => {
        this.#password = secret;
        return this.#request(identifier, type, data);
      });
    this.#method ??= this.#begin(name);
    if (!this.#method) {
      this.#declined = type;
      const wanted = this.#config.methods.map((name) => TYPES[name]);
      return respond(
        EapType.NAK,
        Uint8Array.from(wanted),
        `${eapTypeName(type)} is not allowed, asking for ${wanted.map(eapTypeName).join(', ')}`,
      );
    }
    const taken = (step: PeerStep): EapOutcome => {
      if (step.kind === 'failed')
        return step.failure ? { ...step, kind: 'broken' } : broken(step.message, step.impostor);
      if (step.kind === 'tls')
        return { ...step, answered: (result: TlsResult) => taken(step.answered(result)) };
      if (step.kind === 'ask') return this.#ask(step.ask, (secret) => taken(step.answered(secret)));
      const answer = respond(type, step.data, eapTypeName(type));
      return step.doom ? { ...answer, doom: step.doom } : answer;
    };
    return taken(this.#method.request(identifier, data));
  }

  #ask(ask: Ask, go: (secret: Secret) => EapOutcome): EapOutcome {
    return {
      kind: 'ask',
      ask,
      answered: (secret) => {
        this.#answers.push(secret);
        return go(secret);
      },
    };
  }

  #begin(name: EapMethodName | undefined): PeerMethod | undefined {
    const { username } = this.#config;
    const password = this.#password;
    if (name === 'gtc' || name === 'otp') return new TokenPeer({ username, password }, TYPES[name]);
    const user = password && { username, password };
    if (name !== undefined && isTunnel(name))
      return tunnelPeer(name, { ...this.#config, context: this.#context, user, inner: this.#inner });
    if (name === undefined || !user) return undefined;
    return name === 'mschapv2' ? new Mschapv2Peer(this.#context, user) : new Md5Peer(user);
  }

  /** EAP inside of this one's tunnel, with the same user. */
  readonly #inner = (method: EapMethodName): EapPeer => {
    const { username } = this.#config;
    const password = this.#password;
    return new EapPeer({ username, password, methods: [method], identity: username }, this.#context);
  };

  #success(): EapOutcome {
    const method = this.#method;
    // Without a method of ours having ended well it is a bypass (RFC 3748 §4.2).
    if (!method?.finished)
      return broken(method?.unfinished ?? 'the gateway ended EAP with success before the method did');
    return { kind: 'success', method: method.title ?? eapTypeName(method.type), msk: method.takeMsk?.() };
  }

  #failure(): EapOutcome {
    const method = this.#method;
    if (method?.complaint !== undefined)
      return { kind: 'refused', message: method.complaint, account: method.accountAtFault ?? false };
    if (this.insistence !== undefined) return { kind: 'refused', message: this.insistence };
    const said = method
      ? `${eapTypeName(method.type)}: the gateway refuses user name or password`
      : `the gateway refuses the user ${this.#config.identity}`;
    return { kind: 'refused', message: said };
  }
}

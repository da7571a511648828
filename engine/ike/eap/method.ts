/** What an EAP method is to the peer's and the server's machine: a small machine of its own, fed with type-data. */
import type { Failure } from '../../base/failure.ts';
import type { Secret } from '../../base/secret.ts';
import type { RandomSource } from '../../crypto/port.ts';
import type { Ask } from './ask.ts';
import type { TlsResult, TlsStep } from './tls-steps.ts';

/** Methods by strongSwan's names, without its `eap-`. */
export type EapMethodName = SimpleName | TunnelName;
export type SimpleName = 'mschapv2' | 'gtc' | 'otp' | 'md5';
/** Methods in a TLS connection: both sides prove themselves, a key follows, and nobody can try passwords offline. */
export type TunnelName = 'tls' | 'ttls' | 'peap';
/** What goes on in the tunnel of EAP-TTLS or PEAP; PEAP has EAP only, where `mschapv2` stands for `eap-mschapv2`. */
export type Phase2Name = 'pap' | 'mschapv2' | 'eap-mschapv2' | 'eap-gtc' | 'eap-md5';
/** EAP methods in a tunnel. */
export type InnerMethodName = 'mschapv2' | 'gtc' | 'md5';

export const isTunnel = (method: EapMethodName): method is TunnelName =>
  method === 'tls' || method === 'ttls' || method === 'peap';

/** Whether a method cannot begin without a password; the others ask in the gateway's own words, or need none. */
export const needsPassword = (method: EapMethodName, phase2?: Phase2Name): boolean =>
  method === 'mschapv2' ||
  method === 'md5' ||
  ((method === 'ttls' || method === 'peap') && phase2 !== 'eap-gtc');

/** What a user proves themselves with. */
export interface EapUser {
  /** As typed, a Windows domain in front of a backslash included. */
  readonly username: string;
  /** UTF-8. */
  readonly password: Secret;
}

export interface MethodContext {
  /** SHA-1. */
  readonly sha1: (...data: readonly Uint8Array[]) => Uint8Array;
  readonly random: RandomSource;
}

/** The answer to a request, or why there is none: the end of the authentication. */
export type PeerStep =
  /** `doom`: the server is told that it has ended, or has said so; whatever comes next, this is why. */
  | { readonly kind: 'answer'; readonly data: Uint8Array; readonly doom?: Failure }
  /** Nothing goes on before TLS has answered. */
  | { readonly kind: 'tls'; readonly step: TlsStep; readonly answered: (result: TlsResult) => PeerStep }
  /** Nothing goes on before the user has answered. The secret stays the caller's to wipe. */
  | { readonly kind: 'ask'; readonly ask: Ask; readonly answered: (secret: Secret) => PeerStep }
  | {
      readonly kind: 'failed';
      readonly message: string;
      readonly impostor: boolean;
      /** Where it says more than the message. */
      readonly failure?: Failure;
    };

export interface PeerMethod {
  readonly type: number;
  /** Takes the type-data of one request. */
  request(identifier: number, data: Uint8Array): PeerStep;
  /** Whether EAP-Success may come now. */
  readonly finished: boolean;
  /** What the server said about a refusal, for people. */
  readonly complaint?: string | undefined;
  /** Whether the refusal is about the account, so that another password does not help. */
  readonly accountAtFault?: boolean | undefined;
  /** What success that comes now means, where it is more than out of order. */
  readonly unfinished?: string | undefined;
  /** How people call what has run, where the type does not say it all. */
  readonly title?: string | undefined;
  /** Requests that it takes at most, where that is more than is usual. */
  readonly mostRounds?: number;
  /** The 64-octet MSK once finished, where the method makes one; the caller's to wipe. */
  takeMsk?(): Uint8Array | undefined;
  wipe?(): void;
}

export type ServerStep =
  | { readonly kind: 'ask'; readonly data: Uint8Array }
  | { readonly kind: 'accepted'; readonly msk: Uint8Array | undefined }
  | { readonly kind: 'refused'; readonly message: string };

/** The authenticator's side of a method, for the embedded gateway and simulations. */
export interface ServerMethod {
  readonly type: number;
  /** Type-data of the first request. */
  start(identifier: number): Uint8Array;
  /** Takes the type-data of the response to the request `identifier`. */
  response(identifier: number, data: Uint8Array): ServerStep;
}

export const failedStep = (message: string, impostor = false): PeerStep => ({
  kind: 'failed',
  message,
  impostor,
});

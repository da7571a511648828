/** The two AUTH payloads that end EAP (RFC 7296 §2.16): shared-key AUTH with the MSK, or with SK_pi and SK_pr. */
import { HashAlgorithm } from '../wire/registry.ts';
import { authOctets, sharedKeyAuth } from './auth-octets.ts';
import type { Identity } from './contract.ts';
import type { Core } from './core.ts';
import type { MethodContext } from './eap/method.ts';
import type { Handshake } from './handshake.ts';
import type { IkeSa } from './ike-sa.ts';
import { intAuthOctets } from './int-auth.ts';

export interface EapProof {
  /** AUTH data to send. */
  readonly ours: Uint8Array;
  /** AUTH data that the peer must send. */
  readonly theirs: Uint8Array;
}

export interface EapEnds {
  readonly local: Identity;
  readonly peer: Identity;
  /** `undefined` from a method that makes none. */
  readonly msk: Uint8Array | undefined;
}

/** @param keys SK_pi and SK_pr, with or without a PPK in them (RFC 8784 §3) */
export function eapProof(
  core: Core,
  sa: IkeSa,
  { local, peer, msk }: EapEnds,
  keys: Pick<Handshake, 'ourSkP' | 'peerSkP'> | undefined = core.handshake?.ppk ?? core.handshake,
): EapProof {
  const { handshake, context } = core;
  if (!handshake || !keys || !sa.crypt) throw new TypeError('AUTH before IKE_SA_INIT');
  const { crypto } = context;
  const { prf } = sa.crypt;
  const { ourInit, peerInit, ourNonce, peerNonce } = handshake;
  const { ourSkP, peerSkP } = keys;
  const intAuth = intAuthOctets(core);
  const ours = authOctets(crypto, prf, ourInit, peerNonce, ourSkP, local, intAuth);
  const theirs = authOctets(crypto, prf, peerInit, ourNonce, peerSkP, peer, intAuth);
  return {
    ours: sharedKeyAuth(crypto, prf, msk ?? ourSkP, ours),
    theirs: sharedKeyAuth(crypto, prf, msk ?? peerSkP, theirs),
  };
}

export const methodContext = ({ context }: Core): MethodContext => ({
  random: context.random,
  sha1: (...data) => context.crypto.hash(HashAlgorithm.SHA1, ...data),
});

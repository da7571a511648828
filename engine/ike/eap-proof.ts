/** The two AUTH payloads that end EAP (RFC 7296 §2.16): shared-key AUTH with the MSK, or with SK_pi and SK_pr. */
import { HashAlgorithm } from '../wire/registry.ts';
import { authOctets, sharedKeyAuth } from './auth-octets.ts';
import type { Identity } from './contract.ts';
import type { Core } from './core.ts';
import type { MethodContext } from './eap/method.ts';
import type { IkeSa } from './ike-sa.ts';

export interface EapProof {
  /** AUTH data to send. */
  readonly ours: Uint8Array;
  /** AUTH data that the peer must send. */
  readonly theirs: Uint8Array;
}

/** @param msk `undefined` from a method that makes none */
export function eapProof(core: Core, sa: IkeSa, peer: Identity, msk: Uint8Array | undefined): EapProof {
  const { handshake, config, context } = core;
  if (!handshake || !sa.crypt) throw new TypeError('AUTH before IKE_SA_INIT');
  const { crypto } = context;
  const { prf } = sa.crypt;
  const { ourInit, peerInit, ourNonce, peerNonce, ourSkP, peerSkP } = handshake;
  const ours = authOctets(crypto, prf, ourInit, peerNonce, ourSkP, config.localId);
  const theirs = authOctets(crypto, prf, peerInit, ourNonce, peerSkP, peer);
  return {
    ours: sharedKeyAuth(crypto, prf, msk ?? ourSkP, ours),
    theirs: sharedKeyAuth(crypto, prf, msk ?? peerSkP, theirs),
  };
}

export const methodContext = ({ context }: Core): MethodContext => ({
  random: context.random,
  sha1: (...data) => context.crypto.hash(HashAlgorithm.SHA1, ...data),
});

/** What IKE_AUTH needs of IKE_SA_INIT (RFC 7296 §2.15); wiped when the peers have authenticated. */
import { wipe } from '../base/bytes.ts';
import type { ChildConfig } from './contract.ts';
import type { IntAuth } from './int-auth.ts';

/** What a PPK changes (RFC 8784 §3). */
export interface PpkKeys {
  readonly skD: Uint8Array;
  readonly ourSkP: Uint8Array;
  readonly peerSkP: Uint8Array;
}

export interface Handshake {
  /** Both IKE_SA_INIT messages, octet for octet. */
  readonly ourInit: Uint8Array;
  readonly peerInit: Uint8Array;
  readonly ourNonce: Uint8Array;
  readonly peerNonce: Uint8Array;
  /** SIGNATURE_HASH_ALGORITHMS of the peer (RFC 7427 §4). */
  readonly peerHashes: readonly number[] | undefined;
  /** SK_p of our side and of the peer's; each additional key exchange brings new ones. */
  ourSkP: Uint8Array;
  peerSkP: Uint8Array;
  /** Additional key exchanges that are still to be run (RFC 9370). */
  readonly additional: number[];
  /** What AUTH says of those that were. */
  intAuth?: IntAuth;
  /** The peer asks for OCSP responses about our certificate (RFC 4806), and what it gets. */
  peerWantsOcsp?: boolean;
  ourOcsp?: readonly Uint8Array[];
  /** The peer said USE_PPK (RFC 8784). */
  readonly peerUsesPpk: boolean;
  /** The peer said MULTIPLE_AUTH_SUPPORTED (RFC 4739). */
  readonly peerTakesRounds: boolean;
  /** Keys with the PPK in them, as long as it counts. */
  ppk?: PpkKeys | undefined;
  /** The first child: asked for by an initiator. */
  readonly child?: ChildConfig;
}

export function wipeHandshake(handshake: Handshake | undefined): void {
  wipe(handshake?.ourSkP, handshake?.peerSkP);
  wipe(handshake?.ppk?.skD, handshake?.ppk?.ourSkP, handshake?.ppk?.peerSkP);
}

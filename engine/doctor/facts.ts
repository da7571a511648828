/** All that the doctor's rules know: gathered once, before any of them judges. */
import type { Certificate } from '../pki/certificate.ts';
import type { PrivateKey } from '../pki/private-key.ts';
import type { SourceAnswer } from '../pki/revocation/survey.ts';
import type { Profile } from '../profile/profile.ts';
import type { ProbeResult } from '../tunnel/probe.ts';

/** Our certificate and key as the profile has them. */
export interface OwnFacts {
  /** As they are sent: ours first. Empty when they cannot be read. */
  readonly chain: readonly Certificate[];
  readonly key: PrivateKey | undefined;
  /** Why the certificates, or the key, cannot be read. */
  readonly certificateProblem?: string;
  readonly keyProblem?: string;
  /** The key is encrypted and its passphrase is not stored: it is asked for when connecting. */
  readonly locked?: boolean;
}

export interface AnchorFacts {
  readonly certificates: readonly Certificate[];
  /** Of those that cannot be read: `remote.anchors[1]: …`. */
  readonly problems: readonly string[];
}

export interface OnlineFacts {
  /** Each place where our certificates, and the gateway's when they are known, can be asked for. */
  readonly sources: readonly SourceAnswer[];
  /** Milliseconds that servers' clocks are ahead of ours; absent when none told. */
  readonly skew?: number;
}

/** Why the gateway was not asked, or what came of it. */
export type GatewayFacts =
  | { readonly kind: 'not-asked'; readonly why: string; readonly advice: readonly string[] }
  | { readonly kind: 'asked'; readonly result: ProbeResult; readonly certificates: readonly Certificate[] };

export interface Facts {
  readonly profile: Profile;
  /** Warnings of reading the profile. */
  readonly warnings: readonly string[];
  /** Why no tunnel could be started with it, naming the field. */
  readonly problem?: string;
  /** The wall clock in milliseconds since 1970. */
  readonly at: number;
  /** Absent where we do not prove ourselves by certificate. */
  readonly own?: OwnFacts;
  /** Absent where the gateway does not prove itself by certificate. */
  readonly anchors?: AnchorFacts;
  /** Octets of IP datagram toward the gateway, where the system knows. */
  readonly pathMtu?: number;
  /** Absent when it was not asked for. */
  readonly online?: OnlineFacts;
  readonly gateway?: GatewayFacts;
}

/** The gateway's certificates as it sent them, its own first; empty when it sent none or was not asked. */
export const gatewayCertificates = ({ gateway }: Facts): readonly Certificate[] =>
  gateway?.kind === 'asked' ? gateway.certificates : [];

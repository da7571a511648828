/**
 * The session's contract with the world: what goes in, what comes out, what it is configured with.
 * An IkeSession is one IKE SA and the CHILD_SAs under it, across rekeys of both. It is synchronous and
 * deterministic: no clock, no socket, no promise; randomness comes in through the context.
 */
import type { IkeSpi, Instant, Millis, Spi32 } from '../base/brand.ts';
import type { Failure } from '../base/failure.ts';
import type { Endpoint, Prefix } from '../base/ip.ts';
import type { Secret } from '../base/secret.ts';
import type { CipherSuite, CryptoProvider, RandomSource } from '../crypto/port.ts';
import type { ProposalSpec } from '../crypto/proposals.ts';
import type { CopyDscp, EspSaPair, Selector, VolumeLimits } from '../esp/params.ts';
import type { Header } from '../wire/message.ts';
import type { Payload } from '../wire/payloads/types.ts';
import type { Ask } from './eap/ask.ts';
import type { EapPeerConfig } from './eap/peer.ts';
import type { EapServerConfig } from './eap/server.ts';
import type { TlsResult, TlsStep } from './eap/tls-steps.ts';

/** An ID payload's content (RFC 7296 §3.5). */
export interface Identity {
  readonly idType: number;
  readonly data: Uint8Array;
}

/** How we prove who we are. Signing is asked for by the `sign` effect: keys may live elsewhere. */
export type LocalAuth =
  | { readonly kind: 'psk'; readonly secret: Secret }
  | {
      readonly kind: 'pubkey';
      /** DER certificates, leaf first; sent as CERT payloads. */
      readonly chain: readonly Uint8Array[];
    }
  | EapAuthConfig;

/** EAP (RFC 7296 §2.16), for initiators; the peer proves itself by certificate first, unless both agree on EAP alone. */
export type EapAuthConfig = { readonly kind: 'eap' } & EapPeerConfig;

/** What we accept of the peer. */
export interface RemoteAuth {
  /** `eap` in an initiator: by EAP alone where the peer wants it so (RFC 5998), else by certificate. */
  readonly kind: 'psk' | 'pubkey' | 'eap';
  /** The shared secret for this peer; `undefined` refuses it. Only for `psk`. */
  readonly secret?: (identity: Identity) => Secret | undefined;
  /** Methods and users; only for `eap` in a responder. */
  readonly eap?: EapServerConfig;
  /** Who the TLS server of an EAP method must be; the peer itself when left out. */
  readonly aaaId?: Identity;
  /** Concatenated SHA-1 hashes of the trusted CAs' SubjectPublicKeyInfo for our CERTREQ; empty sends none. */
  readonly authorities: Uint8Array;
  /** Asks for OCSP responses beside the peer's certificates (RFC 4806). */
  readonly askOcsp?: boolean;
}

/** A post-quantum pre-shared key (RFC 8784). */
export interface PpkConfig {
  /** PPK_ID of a fixed key: what we name as an initiator, and what we answer to as a responder. */
  readonly id: Uint8Array;
  /** The key itself; `undefined` when it is not there. */
  readonly secret: (id: Uint8Array) => Secret | undefined;
  /** No SA without it. */
  readonly required: boolean;
}

/** Soft lifetime = lifetime − margin − random × margin × fuzz, as strongSwan reads margintime and rekeyfuzz. */
export interface Lifetime {
  /** Hard end of the SA. */
  readonly lifetime: Millis;
  readonly margin: Millis;
  /** 0..1 and above; 1 spreads the rekey over a second margin. */
  readonly fuzz: number;
}

export interface ChildConfig {
  readonly name: string;
  /** Preference order; a KE transform in them asks for PFS at rekey (never used in IKE_AUTH, RFC 7296 §1.2). */
  readonly proposals: readonly ProposalSpec[];
  /** `dynamic` stands for our virtual address, or our outer one without any. */
  readonly local: readonly (Selector | 'dynamic')[];
  readonly remote: readonly (Selector | 'dynamic')[];
  readonly lifetime: Lifetime;
  readonly limits: VolumeLimits;
  readonly replayWindow: number;
  readonly copyDscp: CopyDscp;
  readonly copyEcn: boolean;
  /** False: a pair that carried nothing is deleted where it would be rekeyed. */
  readonly rekeyUnused?: boolean;
}

/** What to ask for in CFG_REQUEST, or what a gateway's pool hands out (RFC 7296 §2.19). */
export interface VirtualIpRequest {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly dns: boolean;
  /** Addresses to ask for by name, those of an IKE SA that this one follows; the peer may give others. */
  readonly wanted?: readonly Prefix[];
}

/** What CFG_REPLY gave us. */
export interface Assigned {
  /** Interface addresses; the length is from the netmask attribute or /32, and the IPv6 prefix length. */
  readonly addresses: readonly Prefix[];
  readonly dns: readonly string[];
  readonly subnets: readonly Prefix[];
  readonly domains: readonly string[];
}

export interface Retransmission {
  /** First wait; later ones grow by `base` and get up to `jitter` (0..1) added. */
  readonly timeout: Millis;
  readonly base: number;
  readonly jitter: number;
  /** Sends in all before giving up. */
  readonly tries: number;
}

/** Another gateway, as a REDIRECT names it (RFC 5685 §7.2). */
export interface RedirectTarget {
  readonly kind: 'address' | 'name';
  /** Canonical address, or host name in lower case. */
  readonly text: string;
}

export interface FollowRedirects {
  /** Address of the gateway that has sent us to this one. */
  readonly from?: string;
  /** Whether a target may be followed that nobody vouches for, as in IKE_SA_INIT. */
  readonly trusts: (target: RedirectTarget) => boolean;
}

export interface IkeConfig {
  readonly role: 'initiator' | 'responder';
  /** `forced` always lets the peer see a NAT (RFC 7296 §2.23); `auto` encapsulates when there is one. In both ESP is in UDP. */
  readonly encapsulation: 'forced' | 'auto';
  readonly localId: Identity;
  readonly localAuth: LocalAuth;
  /** A second round after `localAuth`, as somebody else (RFC 4739); for initiators. */
  readonly secondAuth?: { readonly id: Identity; readonly auth: EapAuthConfig };
  /** Sent as IDr and enforced against the peer's; `undefined` accepts whoever authenticates. */
  readonly remoteId?: Identity;
  /** Whether to send IDr in IKE_AUTH (some gateways refuse it). */
  readonly sendRemoteId: boolean;
  readonly remoteAuth: RemoteAuth;
  readonly proposals: readonly ProposalSpec[];
  readonly lifetime: Lifetime;
  /** In a responder: what a peer may ask for, the first that matches is taken. */
  readonly children: readonly ChildConfig[];
  readonly virtualIp: VirtualIpRequest;
  readonly liveness: { readonly delay: Millis };
  readonly retransmission: Retransmission;
  /** RFC 7383; `sizes` are the IP datagram sizes to try, largest first. */
  readonly fragmentation: { readonly enabled: boolean; readonly sizes: readonly number[] };
  readonly initialContact: boolean;
  /**
   * Whether the first child comes with IKE_AUTH or after it (RFC 6023), in strongSwan's words; `allow` when left out.
   * An initiator: after it with `force`, and with `prefer` where the peer can. A responder takes both, with `force` and
   * `never` only one.
   */
  readonly childless?: 'allow' | 'prefer' | 'force' | 'never';
  /** For initiators: whether the peer may send us to another gateway (RFC 5685); left out, it may not. */
  readonly followRedirects?: FollowRedirects;
  /** For responders: where a peer that can is sent, and when. */
  readonly sendAway?: { readonly at: 'IKE_SA_INIT' | 'IKE_AUTH'; readonly target: RedirectTarget };
  /** Offer or take MOBIKE (RFC 4555). */
  readonly mobike: boolean;
  /** Prefer RSASSA-PSS to PKCS#1 v1.5 in method 14 (RFC 7427). */
  readonly preferPss: boolean;
  readonly ppk?: PpkConfig;
}

/** What the world lends the session. All synchronous. */
export interface IkeContext {
  readonly crypto: CryptoProvider;
  readonly random: RandomSource;
  /** A fresh SPI for an inbound ESP SA, above 255 and not in use. */
  readonly freshSpi: () => Spi32;
  /** A number for an EspSaPair, never used before in its data path. */
  readonly freshChildId: () => number;
  /** Whether packets went through a pair since it was installed. */
  readonly childUsed?: (id: number) => boolean;
  /** Whether identities that differ in their octets name the same peer: distinguished names have several encodings. */
  readonly sameIdentity?: (a: Identity, b: Identity) => boolean;
  /** A responder's address pool; `undefined` in the answer means INTERNAL_ADDRESS_FAILURE. */
  readonly assign?: (identity: Identity, request: VirtualIpRequest) => Assigned | undefined;
}

export interface Path {
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

export type Command =
  /** Deletes the IKE SA and all under it; `closed` follows at the answer or after a short wait. */
  | { readonly kind: 'close' }
  /**
   * Another IKE SA carries the traffic: nothing is begun any more, and after a moment the IKE SA is deleted; packets
   * that are still under way then are taken.
   */
  | { readonly kind: 'retire' }
  | { readonly kind: 'rekey-ike' }
  /** `rehearsal`: to see whether it works; a refusal is told and not tried again before its time. */
  | { readonly kind: 'rekey-child'; readonly id: number; readonly rehearsal?: true }
  /** `unused`: for want of traffic; what comes with it may open another. */
  | { readonly kind: 'delete-child'; readonly id: number; readonly unused?: boolean }
  | { readonly kind: 'create-child'; readonly config: ChildConfig }
  /** For responders: sends the peer to another gateway, if it can follow. */
  | { readonly kind: 'redirect'; readonly target: RedirectTarget }
  /** A liveness check now (RFC 7296 §2.4). */
  | { readonly kind: 'probe' };

export type Input =
  /** Initiator only. `path.remote.port` 500 starts without marker and floats to 4500; any other has the marker at once. */
  | { readonly kind: 'start'; readonly path: Path; readonly addresses?: readonly string[] }
  /**
   * Initiator only: datagrams now go this way. `addresses`: all of ours. With MOBIKE the peer is told; without it
   * nothing but the way of further messages changes.
   */
  | { readonly kind: 'path-changed'; readonly path: Path; readonly addresses: readonly string[] }
  /** `encapsulated`: it came with the non-ESP marker (already removed). */
  | {
      readonly kind: 'datagram';
      readonly bytes: Uint8Array;
      readonly path: Path;
      readonly encapsulated: boolean;
    }
  /** The moment of `nextDeadline()` has come. `lastInbound`: when the last authentic ESP packet came in, for liveness. */
  | { readonly kind: 'deadline'; readonly lastInbound?: Instant }
  | { readonly kind: 'command'; readonly command: Command }
  | {
      readonly kind: 'signature';
      readonly request: number;
      /** AUTH method and the complete AUTH data, or why it could not be made. `ocsp`: to send beside our certificate. */
      readonly result:
        | {
            readonly ok: true;
            readonly method: number;
            readonly data: Uint8Array;
            readonly ocsp?: readonly Uint8Array[];
          }
        | { readonly ok: false; readonly failure: Failure };
    }
  | {
      readonly kind: 'peer-verdict';
      readonly request: number;
      readonly result:
        | { readonly ok: true; readonly subject: string }
        | { readonly ok: false; readonly failure: Failure };
    }
  /** The user's answer, the session's to wipe; or why there is none. */
  | {
      readonly kind: 'answer';
      readonly request: number;
      readonly result:
        | { readonly ok: true; readonly secret: Secret }
        | { readonly ok: false; readonly failure: Failure };
    }
  /** The answer to a step of TLS; keying material in it is the session's to wipe. */
  | { readonly kind: 'tls'; readonly request: number; readonly result: TlsResult }
  /** What the data path saw of one of our pairs. */
  | {
      readonly kind: 'traffic';
      readonly event: 'soft-limit' | 'hard-limit' | 'first-inbound';
      readonly id: number;
    };

export type Effect =
  /** `encapsulated`: through the data path's socket, with the marker; otherwise from the plain IKE socket. */
  | { readonly kind: 'send'; readonly bytes: Uint8Array; readonly path: Path; readonly encapsulated: boolean }
  /** Sign our AUTH octets. `peerHashes`: the peer's SIGNATURE_HASH_ALGORITHMS, `undefined` when it sent none (RFC 7427 §4). */
  | {
      readonly kind: 'sign';
      readonly request: number;
      readonly octets: Uint8Array;
      readonly peerHashes: readonly number[] | undefined;
      readonly preferPss: boolean;
      /** The peer asks for OCSP responses about our certificate (RFC 4806). */
      readonly wantsOcsp?: boolean;
    }
  /**
   * Check chain, identity and signature over the peer's AUTH octets, all three. `certificates`: leaf first, as received;
   * `ocsp`: OCSP responses that came with them (RFC 4806).
   */
  | {
      readonly kind: 'verify-peer';
      readonly request: number;
      readonly identity: Identity;
      readonly certificates: readonly Uint8Array[];
      readonly ocsp?: readonly Uint8Array[];
      readonly method: number;
      readonly signature: Uint8Array;
      readonly octets: Uint8Array;
    }
  /** Ask the user. The peer waits meanwhile, and not for long: most forget a half-open IKE SA after 30 s. */
  | { readonly kind: 'ask'; readonly request: number; readonly ask: Ask }
  /** A step of the TLS connection inside of EAP; `open` begins another one. The server must prove `server` by certificate. */
  | { readonly kind: 'tls'; readonly request: number; readonly server: Identity; readonly step: TlsStep }
  | { readonly kind: 'assigned'; readonly assigned: Assigned }
  | {
      readonly kind: 'install-child';
      readonly pair: EspSaPair;
      readonly child: ChildView;
      readonly path: Path;
      readonly replaces?: number;
    }
  | { readonly kind: 'activate-outbound'; readonly id: number }
  | {
      readonly kind: 'remove-child';
      readonly id: number;
      readonly lingerMs: number;
      readonly reason: 'replaced' | 'deleted' | 'unused' | 'peer-deleted' | 'expired' | 'closing';
    }
  /** A child could not be made or rekeyed while the IKE SA lives on. */
  | { readonly kind: 'child-failed'; readonly name: string; readonly failure: Failure }
  | { readonly kind: 'path'; readonly path: Path; readonly nat: NatView }
  /** The peer sends us to another gateway. Before `established`, `closed` with `REDIRECTED` follows. `from`: its address. */
  | {
      readonly kind: 'redirect';
      readonly target: RedirectTarget;
      readonly phase: 'IKE_SA_INIT' | 'IKE_AUTH' | 'established';
      readonly from?: string;
    }
  /** Somebody says that the peer has forgotten us, and the peer is being asked: nobody vouches for it yet. `sign`: its name. */
  | { readonly kind: 'suspicion'; readonly sign: string }
  | { readonly kind: 'state'; readonly state: IkeState }
  /** One line for the log and the timeline. Never secrets. */
  | {
      readonly kind: 'note';
      readonly level: 'debug' | 'info' | 'warn';
      readonly topic: NoteTopic;
      readonly text: string;
      readonly data?: NoteData | undefined;
    }
  /**
   * A message as it was sent, or as it was understood. `payloads` may hold secrets of EAP and AUTH: whoever keeps it
   * keeps a summary. `octets` of a fragmented message of the peer are estimated from its last fragment.
   */
  | {
      readonly kind: 'message';
      readonly direction: 'sent' | 'received';
      readonly header: Header;
      readonly payloads: readonly Payload[];
      readonly octets: number;
      readonly fragments: number;
      /** Of an answer to a request of ours that was sent once. */
      readonly roundTrip?: Millis | undefined;
    }
  /** The message of ours with this ID was sent once more. */
  | { readonly kind: 'resent'; readonly spi: IkeSpi; readonly messageId: number; readonly response: boolean }
  /** The end. Nothing follows; all children were removed by effects before. */
  | { readonly kind: 'closed'; readonly failure: Failure | undefined };

/** What a note says, for drawing it; see `EventData` of the API. */
export type NoteData = Readonly<Record<string, string | number | boolean>>;

export type NoteTopic =
  | 'message'
  | 'retransmit'
  | 'rekey'
  | 'liveness'
  | 'nat'
  | 'path'
  | 'auth'
  | 'child'
  | 'config'
  | 'fragment'
  | 'delete'
  | 'redirect'
  | 'drop'
  | 'hint';

/** The product's names; see DESIGN section 4. */
export type IkeState =
  | 'CREATED'
  | 'CONNECTING'
  | 'ESTABLISHED'
  | 'REKEYING'
  | 'REKEYED'
  | 'DELETING'
  | 'DESTROYING'
  | 'PASSIVE';

export interface NatView {
  /** By NAT_DETECTION_*: whether a NAT sits in front of us, of the peer. */
  readonly local: boolean;
  readonly remote: boolean;
  readonly forced: boolean;
}

export interface ChildView {
  readonly id: number;
  readonly name: string;
  readonly state: 'INSTALLED' | 'REKEYING' | 'REKEYED' | 'DELETING';
  readonly spiIn: Spi32;
  readonly spiOut: Spi32;
  readonly suite: CipherSuite;
  readonly esn: boolean;
  /** Key exchange of its own (PFS), 0 when keyed from the IKE SA's. */
  readonly keMethod: number;
  /** Methods of additional key exchanges of its own, in order (RFC 9370). */
  readonly additional: readonly number[];
  /** After narrowing. */
  readonly local: readonly Selector[];
  readonly remote: readonly Selector[];
  /** Whether the peer gave less than we asked for. */
  readonly narrowed: boolean;
  readonly installedAt: Instant;
  readonly rekeyAt: Instant;
  readonly expiresAt: Instant;
  /** How many rekeys led to this pair. */
  readonly generation: number;
}

export interface IkeView {
  readonly role: 'initiator' | 'responder';
  readonly state: IkeState;
  readonly spiInitiator: IkeSpi;
  readonly spiResponder: IkeSpi;
  readonly localId: Identity;
  readonly remoteId: Identity | undefined;
  /** AUTH methods by IANA number, once known. */
  readonly localAuthMethod: number | undefined;
  readonly remoteAuthMethod: number | undefined;
  /** The EAP method that proved the initiator, such as `EAP-MSCHAPv2`. */
  readonly eapMethod: string | undefined;
  /** In a responder: the peer says that this is its only IKE SA here (RFC 7296 §2.4). */
  readonly initialContact?: boolean;
  readonly suite:
    | {
        readonly cipher: CipherSuite;
        readonly prf: number;
        readonly keMethod: number;
        /** Methods of additional key exchanges, in order (RFC 9370). */
        readonly additional: readonly number[];
      }
    | undefined;
  /** Whether a PPK is in the keys; `undefined` when none is configured. */
  readonly ppk: boolean | undefined;
  readonly path: Path | undefined;
  readonly mobike: boolean;
  /** Further addresses of the peer, by MOBIKE. */
  readonly peerAddresses: readonly string[];
  /** When to authenticate anew, because the peer asks for it (RFC 4478). */
  readonly reauthAt: Instant | undefined;
  /** When the peer's patience with our authentication is over. */
  readonly authExpiresAt: Instant | undefined;
  /** When the peer last proved to be there by an IKE message. */
  readonly heardAt: Instant;
  readonly nat: NatView;
  readonly fragmentation: boolean;
  readonly establishedAt: Instant | undefined;
  readonly rekeyAt: Instant | undefined;
  readonly expiresAt: Instant | undefined;
  readonly generation: number;
  /** Round trip of the last answered request of ours that was sent once. */
  readonly roundTrip: Millis | undefined;
  readonly retransmits: number;
  readonly children: readonly ChildView[];
}

/** The session as its user sees it; `engine/ike/session.ts` implements it. */
export interface Session {
  handle(now: Instant, input: Input): readonly Effect[];
  nextDeadline(): Instant | undefined;
  view(): IkeView;
  /** Our SPIs that a datagram may carry, for demultiplexing; two while the IKE SA is being rekeyed. */
  ownSpis(): readonly IkeSpi[];
}

export type SessionFactory = (config: IkeConfig, context: IkeContext) => Session;

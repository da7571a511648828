/** A profile with its meaning: checked, defaults filled in, lists in order of preference. Made by `readProfile`. */
import type { Millis } from '../base/brand.ts';
import type { IpBytes, Prefix } from '../base/ip.ts';
import type { Secret } from '../base/secret.ts';
import type { ProposalSpec } from '../crypto/proposals.ts';

/** Fields as in the session's `Lifetime`. */
export interface ProfileLifetime {
  readonly lifetime: Millis;
  readonly margin: Millis;
  /** 0 and above. */
  readonly fuzz: number;
}

/** Fields as in ESP's `Selector`: ICMP type and code sit in the ports (RFC 4301 §4.4.1.1). */
export interface ProfileSelector {
  readonly protocol: number;
  readonly startPort: number;
  readonly endPort: number;
  readonly start: IpBytes;
  readonly end: IpBytes;
}

/** Zero means no limit; the soft limit is the hard one less the margin. */
export interface ProfileVolume {
  readonly softBytes: number;
  readonly hardBytes: number;
  readonly softPackets: number;
  readonly hardPackets: number;
}

export interface ProfileChild {
  readonly name: string;
  readonly proposals: readonly ProposalSpec[];
  readonly local: readonly (ProfileSelector | 'dynamic')[];
  readonly remote: readonly (ProfileSelector | 'dynamic')[];
  readonly lifetime: ProfileLifetime;
  readonly volume: ProfileVolume;
  readonly replayWindow: number;
  readonly copyDscp: 'out' | 'in' | 'yes' | 'no';
  readonly copyEcn: boolean;
  /** Until an idle one is deleted; 0 never. */
  readonly inactivity: Millis;
  readonly rekeyUnused: boolean;
  /** Rekeyed once shortly after the first connect, to see whether that works. */
  readonly rehearsal: boolean;
}

/** A certificate with its key. */
export interface ProfileKeyPair {
  /** PEM text; the first certificate is ours. */
  readonly certificate: string;
  /** PEM text as UTF-8 octets. */
  readonly key: Secret;
  /** UTF-8 octets. */
  readonly passphrase: Secret | undefined;
  /** PEM texts of intermediates to send. */
  readonly chain: readonly string[];
}

export type ProfileLocalAuth =
  | { readonly kind: 'psk'; readonly secret: Secret }
  | ({ readonly kind: 'pubkey' } & ProfileKeyPair)
  | ProfileEapAuth;

/** The gateway proves itself by certificate, in AUTH or inside of EAP. */
export interface ProfileEapAuth {
  readonly kind: 'eap';
  /** Most wanted first; at least one. */
  readonly methods: readonly ('mschapv2' | 'gtc' | 'otp' | 'md5' | 'tls' | 'ttls' | 'peap')[];
  /** Empty where EAP-TLS takes it from the certificate. */
  readonly username: string;
  /** UTF-8 octets; asked for when it is not there. */
  readonly password: Secret | undefined;
  /** Answer to EAP-Identity; empty as above. */
  readonly identity: string;
  /** For EAP-TLS. */
  readonly own: ProfileKeyPair | undefined;
  /** In the tunnel of EAP-TTLS and PEAP; `eap-mschapv2` when left out. */
  readonly phase2: 'pap' | 'mschapv2' | 'eap-mschapv2' | 'eap-gtc' | 'eap-md5' | undefined;
  readonly tls: { readonly min: 'TLSv1.2' | 'TLSv1.3'; readonly max: 'TLSv1.2' | 'TLSv1.3' };
}

/** The certificate and key that a way of authentication has. */
export const keyPairOf = (auth: ProfileLocalAuth): ProfileKeyPair | undefined =>
  auth.kind === 'pubkey' ? auth : auth.kind === 'eap' ? auth.own : undefined;

export type ProfileRemoteAuth =
  | { readonly kind: 'psk'; readonly secret: Secret }
  | {
      readonly kind: 'pubkey';
      /** PEM texts of the CAs that this profile trusts; at least one. */
      readonly anchors: readonly string[];
      readonly eku: 'enforce' | 'ignore';
      /** How the gateway's certificates are asked for. */
      readonly revocation: { readonly crl: RevocationMode; readonly ocsp: RevocationMode };
      /** The gateway may prove itself by EAP alone (RFC 5998). */
      readonly eapOnly: boolean;
      /** Who the TLS server of EAP is, in strongSwan's notation; absent: the gateway itself. */
      readonly aaaId: string | undefined;
    };

/** A post-quantum pre-shared key (RFC 8784). */
export interface ProfilePpk {
  readonly id: string;
  readonly secret: Secret;
  /** No connection without it. */
  readonly required: boolean;
}

/** `relaxed`: what cannot be found out is a warning. `strict`: it ends the attempt. */
export type RevocationMode = 'off' | 'relaxed' | 'strict';

/** Gateways that others may send us to. */
export interface RedirectTargets {
  /** In lower case; with `*.` in front those below it. */
  readonly names: readonly string[];
  readonly prefixes: readonly Prefix[];
}

export interface Profile {
  readonly name: string;
  readonly gateway: {
    readonly hosts: readonly string[];
    readonly port: number;
    readonly followRedirects: boolean;
    /** Trusted before anybody vouches for them, beside `hosts`. */
    readonly redirectTo: RedirectTargets;
  };
  readonly local: {
    /** In strongSwan's notation; absent: the certificate's subject, EAP's user name, or our address. */
    readonly id: string | undefined;
    readonly auth: ProfileLocalAuth;
    /** A second round, and as whom; absent: the user name (RFC 4739). */
    readonly auth2: ProfileEapAuth | undefined;
    readonly id2: string | undefined;
  };
  readonly remote: {
    /** In strongSwan's notation; absent: the gateway's first host. `%any` accepts whoever authenticates; `*` as in strongSwan. */
    readonly id: string | undefined;
    /** What the subject of the gateway's certificate must fit; values may be `*`. */
    readonly dn: string | undefined;
    readonly auth: ProfileRemoteAuth;
    readonly sendId: boolean;
  };
  readonly ike: {
    readonly proposals: readonly ProposalSpec[];
    readonly lifetime: ProfileLifetime;
    /** Of the authentication; absent: as long as the gateway takes it. */
    readonly reauth: ProfileLifetime | undefined;
    readonly initialContact: boolean;
    /** Attempts at connecting; 0 is for ever. */
    readonly keyingtries: number;
    readonly mobike: boolean;
    readonly preferPss: boolean;
    readonly childless: 'allow' | 'prefer' | 'force' | 'never';
    readonly ppk: ProfilePpk | undefined;
  };
  /** At least one; the first comes with IKE_AUTH. */
  readonly children: readonly ProfileChild[];
  readonly dpd: { readonly delay: Millis; readonly action: 'none' | 'clear' | 'hold' | 'restart' };
  readonly encapsulation: 'forced' | 'auto';
  readonly keepalive: Millis;
  readonly virtualIp: { readonly ipv4: boolean; readonly ipv6: boolean };
  readonly dns: {
    readonly mode: 'use' | 'ignore';
    readonly servers: readonly string[];
    readonly domains: readonly string[];
  };
  readonly routes: { readonly mode: 'auto' | 'none'; readonly extra: readonly Prefix[] };
  readonly interface: string;
  /** Of the tun; worked out from the path when absent. */
  readonly mtu: number | undefined;
  readonly fragmentation: {
    readonly enabled: boolean;
    /** IP datagram sizes to try, largest first. */
    readonly sizes: readonly number[];
  };
  readonly retransmission: {
    readonly timeout: Millis;
    readonly base: number;
    readonly jitter: number;
    /** Sends in all. */
    readonly tries: number;
  };
  readonly killSwitch: { readonly mode: 'off' | 'while-up' | 'always'; readonly allowLocal: boolean };
  readonly patience: Millis;
  readonly allowLegacy: boolean;
}

/** What is wrong with a document, and where: `children.office.remote[1]`. */
export interface ProfileProblem {
  readonly path: string;
  readonly message: string;
}

export interface ProfileWarning {
  readonly path: string;
  readonly message: string;
}

/** One line for people: `ike.lifetime: …`. */
export const problemText = ({ path, message }: ProfileProblem): string =>
  path === '' ? message : `${path}: ${message}`;

/**
 * A profile as its author writes it (JSON), by shape alone. Words are strongSwan's where it has one. What the
 * values mean, and what must fit together, is `validate.ts`'s; the meaning itself is `Profile`.
 */
import * as z from 'zod';
import { NAME_PATTERN, NAME_RULE } from '../base/name.ts';
import { closest } from './did-you-mean.ts';

/** A list may be written as one text with commas. */
export type TextList = string | readonly string[];
/** Seconds as a number, or `90s`, `10m`, `1.5h`, `1d`. */
export type DurationText = string | number;

export interface LifetimeDocument {
  /** Hard end of the SA. */
  readonly lifetime?: DurationText | undefined;
  /** How long before the end a rekey begins at the latest. */
  readonly margin?: DurationText | undefined;
  /** Spread: the margin grows by a random share of up to `fuzz` of itself; also as `"100%"`. */
  readonly fuzz?: number | string | undefined;
}

export interface VolumeDocument {
  readonly lifebytes?: number | undefined;
  readonly marginbytes?: number | undefined;
  readonly lifepackets?: number | undefined;
  readonly marginpackets?: number | undefined;
}

export interface EspDocument extends LifetimeDocument, VolumeDocument {
  /** strongSwan's notation; a trailing `!` offers nothing else. */
  readonly proposals?: TextList | undefined;
  /** Packets of the anti-replay window. */
  readonly replayWindow?: number | undefined;
  /** Which way the DSCP is copied between inner and outer header; `out` when left out. */
  readonly copyDscp?: 'out' | 'in' | 'yes' | 'no' | undefined;
  /** Whether congestion marks go through the tunnel (RFC 6040); on when left out. */
  readonly copyEcn?: boolean | undefined;
  /**
   * Without a packet in either direction for so long, the SA is deleted until traffic wants it; with the last of them
   * the IKE SA is. 0, the default, never.
   */
  readonly inactivity?: DurationText | undefined;
  /** Whether an SA that carried nothing is rekeyed; if not, it is deleted until traffic wants it. True when left out. */
  readonly rekeyUnused?: boolean | undefined;
  /**
   * Whether the SA is rekeyed once, shortly after the first connect: what the ends do not agree on at rekeying, such as
   * PFS, is then known at once. False when left out; profiles that are made or imported by Culvert say true.
   */
  readonly rehearsal?: boolean | undefined;
}

export interface ChildDocument extends EspDocument {
  readonly local?: TextList | undefined;
  readonly remote?: TextList | undefined;
}

export interface LocalAuthDocument {
  readonly psk?: string | undefined;
  /** PEM text, or a file relative to the profile. */
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  readonly passphrase?: string | undefined;
  /** Intermediate certificates to send. */
  readonly chain?: string | readonly string[] | undefined;
  /** Allowed EAP methods, most wanted first. */
  readonly eap?: EapMethodText | readonly EapMethodText[] | undefined;
  readonly username?: string | undefined;
  /** Asked for at each connection when left out. */
  readonly password?: string | undefined;
  /** Answer to EAP-Identity, when it is not the user name. */
  readonly eapId?: string | undefined;
  /** What goes on in the tunnel of EAP-TTLS and PEAP. */
  readonly phase2?: Phase2Text | undefined;
  /** Versions of TLS inside of EAP. */
  readonly tls?:
    | { readonly min?: TlsVersionText | undefined; readonly max?: TlsVersionText | undefined }
    | undefined;
}

export type EapMethodText = 'mschapv2' | 'gtc' | 'otp' | 'md5' | 'tls' | 'ttls' | 'peap';
export type Phase2Text = 'pap' | 'mschapv2' | 'eap-mschapv2' | 'eap-gtc' | 'eap-md5';
export type TlsVersionText = '1.2' | '1.3';

export interface ProfileDocument {
  readonly name: string;
  readonly gateway: {
    readonly hosts: TextList;
    readonly port?: number | undefined;
    /** Whether a gateway may send us to another one (REDIRECT, RFC 5685); it may when left out. */
    readonly followRedirects?: boolean | undefined;
    /**
     * Gateways to which we also go when nobody has proved yet who sends us: names, `*.example.org`, addresses or
     * networks. `hosts` are always among them. A gateway that has proved who it is may name any.
     */
    readonly redirectTo?: TextList | undefined;
  };
  readonly local: {
    readonly id?: string | undefined;
    readonly auth: LocalAuthDocument;
    /** A second round of authentication (RFC 4739), with EAP. */
    readonly auth2?: LocalAuthDocument | undefined;
    /** Who we are in the second round, when it is not the user name. */
    readonly id2?: string | undefined;
  };
  readonly remote?:
    | {
        readonly id?: string | undefined;
        /** What the subject of the gateway's certificate must be; `*` stands for a whole value: `C=CH, O=*, CN=gw`. */
        readonly dn?: string | undefined;
        /** As `local.auth` when left out; with `eap` the gateway need not prove itself but in EAP. */
        readonly auth?: 'psk' | 'pubkey' | 'eap' | undefined;
        /** Who the TLS server inside of EAP is, when it is not the gateway itself. */
        readonly aaaId?: string | undefined;
        /** The gateway's own secret, when it is not the one we prove ourselves with. */
        readonly psk?: string | undefined;
        /** Trusted CAs: PEM text, or files relative to the profile. */
        readonly anchors?: string | readonly string[] | undefined;
        readonly eku?: 'enforce' | 'ignore' | undefined;
        /** Whether the gateway's certificates were revoked, asked over HTTP; `relaxed` when left out. */
        readonly revocation?:
          | {
              readonly crl?: 'off' | 'relaxed' | 'strict' | undefined;
              readonly ocsp?: 'off' | 'relaxed' | 'strict' | undefined;
            }
          | undefined;
        readonly sendId?: boolean | undefined;
      }
    | undefined;
  readonly ike?:
    | (LifetimeDocument & {
        readonly proposals?: TextList | undefined;
        readonly initialContact?: boolean | undefined;
        /**
         * Attempts at connecting before `up` fails, 1 when left out; 0 is for ever. What no repetition changes, such as
         * refused credentials, ends it at once; a tunnel that was up follows `dpd.action`.
         */
        readonly keyingtries?: number | undefined;
        /** Seconds for which an authentication is good: a new IKE SA is made with full authentication before that. */
        readonly reauthTime?: DurationText | undefined;
        /** Move the IKE SA to another path instead of making a new one (RFC 4555); on when left out. */
        readonly mobike?: boolean | undefined;
        readonly preferPss?: boolean | undefined;
        /**
         * Whether the first tunnel is made after IKE_AUTH, with a key exchange of its own (RFC 6023): `allow` and `never`
         * make it within, `prefer` after it where the gateway can, `force` in no other way. `allow` when left out.
         */
        readonly childless?: 'allow' | 'prefer' | 'force' | 'never' | undefined;
        /** A post-quantum pre-shared key (RFC 8784); `secret` is written like a psk. */
        readonly ppk?:
          | { readonly id: string; readonly secret: string; readonly required?: boolean | undefined }
          | undefined;
      })
    | undefined;
  /** What all children share unless they say otherwise. */
  readonly esp?: EspDocument | undefined;
  readonly children?: Readonly<Record<string, ChildDocument>> | undefined;
  readonly dpd?:
    | {
        readonly delay?: DurationText | undefined;
        readonly action?: 'none' | 'clear' | 'hold' | 'restart' | undefined;
      }
    | undefined;
  readonly encapsulation?: 'forced' | 'auto' | undefined;
  /** Between NAT keepalives; 0 sends none. */
  readonly keepalive?: DurationText | undefined;
  readonly virtualIp?:
    | { readonly ipv4?: boolean | undefined; readonly ipv6?: boolean | undefined }
    | undefined;
  readonly dns?:
    | {
        readonly mode?: 'use' | 'ignore' | undefined;
        readonly servers?: TextList | undefined;
        readonly domains?: TextList | undefined;
      }
    | undefined;
  readonly routes?:
    | { readonly mode?: 'auto' | 'none' | undefined; readonly extra?: TextList | undefined }
    | undefined;
  readonly interface?: string | undefined;
  readonly mtu?: number | undefined;
  readonly fragmentation?:
    | {
        readonly enabled?: boolean | undefined;
        /** Octets of an IP datagram; the smaller fallback is always kept. */
        readonly size?: number | undefined;
      }
    | undefined;
  readonly retransmission?:
    | {
        readonly timeout?: DurationText | undefined;
        readonly base?: number | undefined;
        readonly jitter?: number | undefined;
        readonly tries?: number | undefined;
      }
    | undefined;
  /** Whether the profile's traffic may leave beside its tunnel. */
  readonly killSwitch?:
    | {
        /** `while-up`: from `up` until `down`; `always`: from the first `up` until it is released. */
        readonly mode?: 'off' | 'while-up' | 'always' | undefined;
        /** Whether private networks beside the tunnel stay reachable. */
        readonly allowLocal?: boolean | undefined;
      }
    | undefined;
  /** How long one connection attempt may take in all. */
  readonly patience?: DurationText | undefined;
  readonly allowLegacy?: boolean | undefined;
}

/** Longest text of any field: a PEM bundle with a long chain. */
const MAX_TEXT = 256 * 1024;
const MAX_ITEMS = 256;
const MAX_VOLUME = Number.MAX_SAFE_INTEGER;

/** A strict object whose complaint about an unknown key says which known one was probably meant. */
function object<S extends z.core.$ZodLooseShape>(shape: S): z.ZodObject<S, z.core.$strict> {
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return undefined;
      const named = (issue.keys ?? []).slice(0, 5).map((key: string) => {
        const meant = closest(key, Object.keys(shape));
        return `"${key.slice(0, 64)}"${meant === undefined ? '' : ` (did you mean "${meant}"?)`}`;
      });
      return `unknown key ${named.join(', ')}`;
    },
  });
}

const text = z.string().min(1, 'must not be empty').max(MAX_TEXT, 'is too long');
const name = z.string().min(1, 'must not be empty').max(253, 'is too long');
const eapMethod = z.enum(['mschapv2', 'gtc', 'otp', 'md5', 'tls', 'ttls', 'peap']);
const list = z.union([text, z.array(text).max(MAX_ITEMS, `has more than ${MAX_ITEMS} items`)], {
  error: 'must be a text or a list of texts',
});
const duration = z.union([z.number(), text], {
  error: 'must be a duration such as 3600, "90s", "10m", "1.5h" or "1d"',
});
const volume = z.number().int('must be a whole number').min(0, 'must not be negative').max(MAX_VOLUME);
const oneOf = <const T extends readonly [string, ...string[]]>(
  values: T,
): z.ZodEnum<z.core.util.ToEnum<T[number]>> =>
  z.enum(values, { error: `must be ${values.map((v) => `"${v}"`).join(' or ')}` });

const lifetime = {
  lifetime: duration.optional(),
  margin: duration.optional(),
  fuzz: z.union([z.number(), text], { error: 'must be a number such as 1, or "100%"' }).optional(),
};
const esp = {
  ...lifetime,
  proposals: list.optional(),
  lifebytes: volume.optional(),
  marginbytes: volume.optional(),
  lifepackets: volume.optional(),
  marginpackets: volume.optional(),
  replayWindow: z
    .number()
    .int()
    .min(0)
    .max(65536, 'is at most 65536')
    .multipleOf(32, 'must be a multiple of 32')
    .optional(),
  copyDscp: oneOf(['out', 'in', 'yes', 'no']).optional(),
  copyEcn: z.boolean().optional(),
  inactivity: duration.optional(),
  rekeyUnused: z.boolean().optional(),
  rehearsal: z.boolean().optional(),
};
const port = z.number().int('must be a whole number').min(1, 'is at least 1').max(65535, 'is at most 65535');

const revocation = oneOf(['off', 'relaxed', 'strict']);

const tlsVersion = oneOf(['1.2', '1.3']);
const localAuth = object({
  psk: text.optional(),
  certificate: text.optional(),
  key: text.optional(),
  passphrase: z.string().max(MAX_TEXT).optional(),
  chain: list.optional(),
  eap: z
    .union([eapMethod, z.array(eapMethod).min(1, 'must not be empty').max(8)], {
      error: 'must be "mschapv2", "gtc", "otp", "md5", "tls", "ttls" or "peap", or a list of them',
    })
    .optional(),
  username: name.optional(),
  password: z.string().min(1, 'must not be empty').max(256, 'is longer than 256 characters').optional(),
  eapId: name.optional(),
  phase2: oneOf(['pap', 'mschapv2', 'eap-mschapv2', 'eap-gtc', 'eap-md5']).optional(),
  tls: object({ min: tlsVersion.optional(), max: tlsVersion.optional() }).optional(),
});

export const profileDocumentSchema: z.ZodType<ProfileDocument> = object({
  name: z.string().regex(NAME_PATTERN, `must be ${NAME_RULE}`),
  gateway: object({
    hosts: list,
    port: port.optional(),
    followRedirects: z.boolean().optional(),
    redirectTo: list.optional(),
  }),
  local: object({
    id: text.optional(),
    auth: localAuth,
    auth2: localAuth.optional(),
    id2: text.optional(),
  }),
  remote: object({
    id: text.optional(),
    dn: text.optional(),
    auth: oneOf(['psk', 'pubkey', 'eap']).optional(),
    aaaId: text.optional(),
    psk: text.optional(),
    anchors: list.optional(),
    eku: oneOf(['enforce', 'ignore']).optional(),
    revocation: object({ crl: revocation.optional(), ocsp: revocation.optional() }).optional(),
    sendId: z.boolean().optional(),
  }).optional(),
  ike: object({
    ...lifetime,
    proposals: list.optional(),
    reauthTime: duration.optional(),
    initialContact: z.boolean().optional(),
    keyingtries: z
      .number()
      .int('must be a whole number')
      .min(0, 'must not be negative')
      .max(1000, 'is at most 1000; 0 is for ever')
      .optional(),
    mobike: z.boolean().optional(),
    preferPss: z.boolean().optional(),
    childless: oneOf(['allow', 'prefer', 'force', 'never']).optional(),
    ppk: object({ id: text, secret: text, required: z.boolean().optional() }).optional(),
  }).optional(),
  esp: object(esp).optional(),
  children: z
    .record(
      z.string().regex(NAME_PATTERN, `a child's name must be ${NAME_RULE}`),
      object({ ...esp, local: list.optional(), remote: list.optional() }),
    )
    .optional(),
  dpd: object({
    delay: duration.optional(),
    action: oneOf(['none', 'clear', 'hold', 'restart']).optional(),
  }).optional(),
  encapsulation: oneOf(['forced', 'auto']).optional(),
  keepalive: duration.optional(),
  virtualIp: object({ ipv4: z.boolean().optional(), ipv6: z.boolean().optional() }).optional(),
  dns: object({
    mode: oneOf(['use', 'ignore']).optional(),
    servers: list.optional(),
    domains: list.optional(),
  }).optional(),
  routes: object({ mode: oneOf(['auto', 'none']).optional(), extra: list.optional() }).optional(),
  interface: z
    .string()
    .regex(
      /^[A-Za-z0-9_.-]{1,13}(%d)?$/,
      'must be a short interface name, at most 15 characters, such as "culvert%d"',
    )
    .optional(),
  mtu: z.number().int().min(576, 'is at least 576').max(65535, 'is at most 65535').optional(),
  fragmentation: object({
    enabled: z.boolean().optional(),
    size: z.number().int().min(576, 'is at least 576').max(9000, 'is at most 9000').optional(),
  }).optional(),
  retransmission: object({
    timeout: duration.optional(),
    base: z.number().min(1, 'is at least 1').max(10, 'is at most 10').optional(),
    jitter: z.number().min(0, 'is at least 0').max(1, 'is at most 1').optional(),
    tries: z.number().int().min(1, 'is at least 1').max(50, 'is at most 50').optional(),
  }).optional(),
  killSwitch: object({
    mode: oneOf(['off', 'while-up', 'always']).optional(),
    allowLocal: z.boolean().optional(),
  }).optional(),
  patience: duration.optional(),
  allowLegacy: z.boolean().optional(),
});

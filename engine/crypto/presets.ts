/**
 * Proposals for peers of a kind, in strongSwan's notation and in order of preference. A proposal list may name a preset
 * in place of a proposal. `windows` and `legacy` hold legacy algorithms, and `legacy` broken ones: a profile must allow
 * them first.
 */

export interface ProposalPreset {
  /** What the choice rests on. */
  readonly source: string;
  readonly ike: readonly string[];
  readonly esp: readonly string[];
}

const EXCHANGES = 'x25519-ecp256-ecp384-ecp521-modp3072-modp4096-modp2048';
const PRFS = 'prfsha256-prfsha384-prfsha512';

const AEADS = 'aes256gcm16-aes128gcm16-chacha20poly1305';

const HYBRID_IKE = `${AEADS}-${PRFS}-${EXCHANGES}-ke1_mlkem768-ke1_mlkem1024`;

const CLASSIC_IKE: readonly string[] = [
  `${AEADS}-${PRFS}-${EXCHANGES}`,
  `aes256-aes192-aes128-sha256-sha384-sha512-${PRFS}-${EXCHANGES}`,
];

const CLASSIC_ESP: readonly string[] = [
  `${AEADS}-esn-noesn`,
  'aes256-aes192-aes128-sha256-sha384-sha512-esn-noesn',
];

export const PRESETS: ReadonlyMap<string, ProposalPreset> = new Map<string, ProposalPreset>([
  [
    'recommended',
    {
      source: 'RFC 8221 and RFC 8247, RFC 9370 in front of them: AEADs first, then AES-CBC with SHA-2',
      // A proposal of its own: a gateway that does not know the transform type passes it by (RFC 7296 §3.3.6).
      ike: [HYBRID_IKE, ...CLASSIC_IKE],
      esp: CLASSIC_ESP,
    },
  ],
  [
    'hybrid',
    {
      // The keys of children come from SK_d, which has ML-KEM in it.
      source: 'RFC 9370 with draft-ietf-ipsecme-ikev2-mlkem; ML-KEM-768 and -1024 of FIPS 203',
      ike: [HYBRID_IKE],
      esp: ['aes256gcm16-aes128gcm16-chacha20poly1305-esn-noesn'],
    },
  ],
  [
    'classic',
    {
      source: 'RFC 8221 and RFC 8247: as recommended, for a gateway that cannot bear to be offered more',
      ike: CLASSIC_IKE,
      esp: CLASSIC_ESP,
    },
  ],
  [
    'suite-b',
    {
      source: 'RFC 6379 §3.1 and §3.2 (Suite-B-GCM-256 and Suite-B-GCM-128), RFC 6380 §4',
      ike: ['aes256-sha384-ecp384', 'aes128-sha256-ecp256'],
      esp: ['aes256gcm16-esn-noesn', 'aes128gcm16-esn-noesn'],
    },
  ],
  [
    'windows',
    {
      // Its server takes one policy at a time; without any it is 3DES or AES-256, SHA-1 and group 2.
      source: 'Microsoft [MS-RRASM] 2.2.1.2.237, ROUTER_CUSTOM_IKEv2_POLICY_0; Set-VpnServerConfiguration',
      ike: [
        'aes256-aes192-aes128-sha384-sha256-ecp384-ecp256-modp2048',
        'aes256-aes128-3des-sha256-sha1-modp2048-modp1024',
      ],
      esp: ['aes256gcm16-aes192gcm16-aes128gcm16', 'aes256-aes192-aes128-sha256-sha1', '3des-sha1'],
    },
  ],
  [
    'apple',
    {
      // AES-256, SHA2-256 and group 14 unless a profile says otherwise; gateways that serve iOS take these.
      source: 'Apple, Network Extension: NEVPNIKEv2SecurityAssociationParameters',
      ike: [
        `aes256gcm16-aes128gcm16-chacha20poly1305-${PRFS}-x25519-ecp256-ecp384-ecp521-modp2048-modp3072-modp4096`,
        'aes256-aes128-sha256-sha384-sha512-modp2048-x25519-ecp256-ecp384-ecp521-modp3072-modp4096',
      ],
      esp: ['aes256gcm16-aes128gcm16-chacha20poly1305', 'aes256-aes128-sha256-sha384-sha512'],
    },
  ],
  [
    'legacy',
    {
      // Home routers such as FRITZ!Box, and gateways that nobody has updated since RFC 4307 was new.
      source:
        'RFC 4307 §3.1 and RFC 4835 §3.1, what implementations had to have before RFC 8221 and RFC 8247',
      ike: [
        'aes256-aes192-aes128-sha512-sha256-sha1-modp4096-modp3072-modp2048-modp1536-modp1024',
        '3des-sha1-md5-modp2048-modp1536-modp1024',
      ],
      esp: ['aes256-aes192-aes128-sha512-sha256-sha1', '3des-aes128-sha1-md5'],
    },
  ],
]);

/** Other names of presets. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['default', 'recommended'],
  ['fritzbox', 'legacy'],
]);

/** The preset of that name, in any case. */
export function findPreset(name: string): ProposalPreset | undefined {
  const lower = name.toLowerCase();
  return PRESETS.get(ALIASES.get(lower) ?? lower);
}

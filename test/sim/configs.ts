/** Configurations and a deterministic context for sessions in tests. */
import { createHash } from 'node:crypto';
import type { Spi32 } from '../../engine/base/brand.ts';
import { utf8 } from '../../engine/base/bytes.ts';
import { minutes, seconds } from '../../engine/base/instant.ts';
import { parseIp, parsePrefix, prefixRange } from '../../engine/base/ip.ts';
import { Secret } from '../../engine/base/secret.ts';
import type { RandomSource } from '../../engine/crypto/port.ts';
import { type ProposalSpec, parseProposal } from '../../engine/crypto/proposals.ts';
import type { Selector } from '../../engine/esp/params.ts';
import type {
  Assigned,
  ChildConfig,
  Identity,
  IkeConfig,
  IkeContext,
  Path,
} from '../../engine/ike/contract.ts';
import { nodeProvider } from '../../engine/os/crypto/node.ts';
import { IdType } from '../../engine/wire/registry.ts';

/** Random octets that depend on the seed alone. */
export function seededRandom(seed: string): RandomSource {
  let counter = 0;
  return (length) => {
    const out = new Uint8Array(length);
    for (let at = 0; at < length; at += 32)
      out.set(
        createHash('sha256')
          .update(`${seed}/${counter++}`)
          .digest()
          .subarray(0, length - at),
        at,
      );
    return out;
  };
}

export function proposals(protocol: 'ike' | 'esp', ...texts: readonly string[]): ProposalSpec[] {
  return texts.map((text) => {
    const parsed = parseProposal(text, protocol);
    if (!parsed.ok) throw new Error(`${parsed.error.token}: ${parsed.error.reason}`);
    return parsed.value;
  });
}

export function selector(prefix: string): Selector {
  const parsed = parsePrefix(prefix);
  if (!parsed) throw new Error(`no prefix: ${prefix}`);
  return { protocol: 0, startPort: 0, endPort: 65535, ...prefixRange(parsed) };
}

export const fqdn = (name: string): Identity => ({ idType: IdType.FQDN, data: utf8(name) });
export const ipv4Id = (address: string): Identity => ({
  idType: IdType.IPV4_ADDR,
  data: parseIp(address) as Uint8Array,
});

export function childConfig(over: Partial<ChildConfig> = {}): ChildConfig {
  return {
    name: 'net',
    proposals: proposals('esp', 'aes128gcm16-x25519'),
    local: ['dynamic'],
    remote: [selector('10.99.0.0/16')],
    lifetime: { lifetime: minutes(60), margin: minutes(5), fuzz: 1 },
    limits: { softBytes: 0, hardBytes: 0, softPackets: 0, hardPackets: 0 },
    replayWindow: 1024,
    copyDscp: 'out',
    copyEcn: true,
    ...over,
  };
}

const SECRET = new Secret(utf8('a shared secret of some length'));

const COMMON = {
  encapsulation: 'forced',
  localAuth: { kind: 'psk', secret: SECRET },
  remoteAuth: { kind: 'psk', secret: () => SECRET, authorities: new Uint8Array(0) },
  sendRemoteId: true,
  proposals: proposals('ike', 'aes128gcm16-prfsha256-x25519'),
  lifetime: { lifetime: minutes(180), margin: minutes(9), fuzz: 1 },
  liveness: { delay: seconds(30) },
  retransmission: { timeout: seconds(1), base: 1.8, jitter: 0.1, tries: 6 },
  fragmentation: { enabled: true, sizes: [1280, 576] },
  initialContact: true,
  mobike: false,
  preferPss: false,
} as const satisfies Partial<IkeConfig>;

export function initiatorConfig(over: Partial<IkeConfig> = {}): IkeConfig {
  return {
    ...COMMON,
    role: 'initiator',
    localId: fqdn('carol@culvert.test'),
    remoteId: fqdn('gw.culvert.test'),
    children: [childConfig()],
    virtualIp: { ipv4: true, ipv6: false, dns: true },
    ...over,
  };
}

export function responderConfig(over: Partial<IkeConfig> = {}): IkeConfig {
  return {
    ...COMMON,
    role: 'responder',
    localId: fqdn('gw.culvert.test'),
    children: [childConfig({ local: [selector('10.99.0.0/16')], remote: ['dynamic'] })],
    virtualIp: { ipv4: false, ipv6: false, dns: false },
    ...over,
  };
}

export const ASSIGNED: Assigned = {
  addresses: [{ address: '10.98.0.5', length: 32 }],
  dns: ['10.99.0.53'],
  subnets: [{ address: '10.99.0.0', length: 16 }],
  domains: ['corp.culvert.test'],
};

export function context(seed: string, over: Partial<IkeContext> = {}): IkeContext {
  const random = seededRandom(seed);
  const spis = seededRandom(`${seed}/spi`);
  let ids = 0;
  return {
    crypto: nodeProvider,
    random,
    freshSpi: () => {
      const b = spis(4);
      return ((((b[0] as number) | 0x10) * 0x1000000 +
        (b[1] as number) * 65536 +
        (b[2] as number) * 256 +
        (b[3] as number)) >>>
        0) as Spi32;
    },
    freshChildId: () => ++ids,
    assign: () => ASSIGNED,
    ...over,
  };
}

export const CLIENT_PATH: Path = {
  local: { address: '192.0.2.10', port: 4500 },
  remote: { address: '192.0.2.1', port: 4500 },
};

/**
 * The kill switch as nftables rules: one table of our own, replaced in one transaction (nft(8), "atomic").
 *
 * Only what leaves is looked at: an answer to a packet that came in is a leak as well, and is dropped like one. The
 * order is: what may always leave, what tunnels and gateways need, then what is protected is dropped.
 */
import { canonicalIp, isIpv6, parsePrefix } from '../../base/ip.ts';
import { networkOf } from '../route/plan.ts';
import type { FirewallWish, GuardMap, GuardState } from './port.ts';

/** RFC 1918, RFC 3927, RFC 6598 is not among them: carriers use it. Multicast reaches no further than the link here. */
const LOCAL_4 = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', '224.0.0.0/24'];
/** RFC 4193, RFC 4291 §2.5.6, link-local multicast. */
const LOCAL_6 = ['fc00::/7', 'fe80::/10', 'ff02::/16'];

/** DNS, and DNS over TLS and QUIC. */
const DNS_PORTS = '{ 53, 853 }';

const INTERFACE = /^[A-Za-z0-9_.-]{1,15}$/;

const list = (items: readonly string[]): string => `{ ${items.join(', ')} }`;
const saddr = (address: string): string => (isIpv6(address) ? 'ip6' : 'ip');

/** Addresses of one family, canonical and once each; what is no address is left out. */
function addresses(texts: readonly string[], ipv6: boolean): string[] {
  const found = texts.flatMap((text) => {
    const canonical = canonicalIp(text.split('%')[0] ?? '');
    return canonical !== undefined && isIpv6(canonical) === ipv6 ? [canonical] : [];
  });
  return [...new Set(found)].sort();
}

function networks(texts: readonly string[], ipv6: boolean): string[] {
  const found = texts.flatMap((text) => {
    const prefix = parsePrefix(text);
    return prefix && isIpv6(prefix.address) === ipv6 ? [networkOf(prefix)] : [];
  });
  return [...new Set(found)].sort();
}

const both = (make: (ipv6: boolean) => readonly string[]): string[] => [...make(false), ...make(true)];

/** What a machine needs to keep its place in its own network: addresses by DHCP, neighbours, routers. */
const HOUSEKEEPING = [
  'oifname "lo" accept',
  'udp sport 68 udp dport 67 accept',
  'udp sport 546 udp dport 547 accept',
  'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } ip6 hoplimit 255 accept',
  'icmpv6 type { mld-listener-report, mld-listener-done, mld2-listener-report } accept',
];

function gatewayRules({ gateways, ports }: GuardState): string[] {
  const numbers = list([...new Set([500, 4500, ...ports])].map(String));
  return both((ipv6) => {
    const to = addresses(gateways, ipv6);
    if (to.length === 0) return [];
    const family = ipv6 ? 'ip6' : 'ip';
    return [
      `${family} daddr ${list(to)} udp dport ${numbers} accept`,
      `${family} daddr ${list(to)} meta l4proto esp accept`,
    ];
  });
}

function tunnelRules({ tunnel, protect }: GuardState): string[] {
  if (tunnel === null || !INTERFACE.test(tunnel.interface)) return [];
  const out = `oifname "${tunnel.interface}"`;
  const restricts = protect === 'everything' && tunnel.dns.length > 0;
  if (!restricts) return [`${out} accept`];
  const resolvers = [...addresses(tunnel.dns, false), ...addresses(tunnel.dns, true)];
  return [
    ...resolvers.map((address) => `${out} ${saddr(address)} daddr ${address} th dport ${DNS_PORTS} accept`),
    `${out} meta l4proto { tcp, udp } th dport ${DNS_PORTS} drop`,
    `${out} accept`,
  ];
}

const LOCAL_RULES = [
  `meta l4proto { tcp, udp } th dport ${DNS_PORTS} drop`,
  `ip daddr ${list(LOCAL_4)} accept`,
  `ip6 daddr ${list(LOCAL_6)} accept`,
];

/** Networks of partial guards; before the local exception, since a tunnel's own networks are private ones as a rule. */
function partialRules(guards: readonly GuardState[]): string[] {
  const texts = guards.flatMap((guard) => (guard.protect === 'everything' ? [] : guard.protect));
  return both((ipv6) => {
    const to = networks(texts, ipv6);
    return to.length === 0 ? [] : [`${ipv6 ? 'ip6' : 'ip'} daddr ${list(to)} counter drop`];
  });
}

/** Everything else, unless no guard protects everything; the strictest of them decides about local networks. */
const wholeRules = (guards: readonly GuardState[]): string[] =>
  guards.length === 0
    ? []
    : [...(guards.every((guard) => guard.allowLocal) ? LOCAL_RULES : []), 'counter drop'];

/** The rules of a chain through which packets leave. */
function chain(guards: GuardMap): string[] {
  const all = [...guards.values()];
  return [
    ...HOUSEKEEPING,
    ...all.flatMap(gatewayRules),
    ...all.flatMap(tunnelRules),
    ...partialRules(all),
    ...wholeRules(all.filter((guard) => guard.protect === 'everything')),
  ];
}

const rulesOf = (wish: FirewallWish): string[] =>
  wish.kind === 'closed' ? [...HOUSEKEEPING, 'counter drop'] : chain(wish.guards);

const remove = (table: string): string[] => [`add table inet ${table}`, `delete table inet ${table}`];

/** Input for `nft -f -` that takes our table away, whether it is there or not. */
export const removalScript = (table: string): string => `${remove(table).join('\n')}\n`;

/**
 * Input for `nft -f -` that puts the wish in force. Ahead of other tables' filters, so that nothing they accept
 * leaves; forwarded packets, of virtual machines and containers, are held to the same rules.
 */
export function rulesetScript(table: string, wish: FirewallWish): string {
  const rules = rulesOf(wish).map((rule) => `    ${rule}`);
  const chainText = (hook: string): string[] => [
    `  chain ${hook} {`,
    `    type filter hook ${hook} priority -10; policy accept;`,
    ...rules,
    '  }',
  ];
  return [
    ...remove(table),
    `table inet ${table} {`,
    ...chainText('output'),
    ...chainText('forward'),
    '}',
    '',
  ].join('\n');
}

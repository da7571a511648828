/** Windows: ProfileXML of the VPNv2 CSP, and entries of the phone book `rasphone.pbk` (MS-RRASM §2.2.2). */

import { isEapTls, mapEap } from './eap.ts';
import { Fields, type ImportedProfile, literalPsk, Mapping, quote } from './mapping.ts';
import { suite } from './suite-words.ts';
import { firstValues, type KeySection } from './text.ts';
import { mapUserMethod } from './windows-eap.ts';
import { childOf, textAt, type XmlElement } from './xml.ts';

const STORE = 'the certificate stays in the Windows store: export it and import the bundle beside this file';
const TRUST = 'Windows trusts the CAs of the system: here the CA must be named';

function trust(mapping: Mapping, foreign: string): void {
  mapping.set(foreign, 'remote.auth', 'pubkey');
  mapping.unmapped(foreign, TRUST, 'remote.anchors');
}

function suites(mapping: Mapping, native: XmlElement): void {
  const found = childOf(native, 'CryptographySuite');
  if (!found) return;
  const word = (name: string): string | undefined => textAt(found, name);
  const field = 'NativeProfile.CryptographySuite';
  const none = (group: string | undefined): string | undefined =>
    group === undefined || /^none$/i.test(group) ? undefined : group;
  const dh = none(word('DHGroup'));
  const ike = suite(
    {
      cipher: word('EncryptionMethod') ?? 'AES256',
      integrity: word('IntegrityCheckMethod') ?? 'SHA256',
      group: dh ?? 'Group14',
    },
    'ike',
  );
  const pfs = none(word('PfsGroup'));
  const esp = suite(
    {
      cipher: word('CipherTransformConstants') ?? 'AES256',
      integrity: word('AuthenticationTransformConstants') ?? 'SHA256128',
      group: pfs !== undefined && /^PFSMM$/i.test(pfs) ? (dh ?? 'Group14') : pfs,
    },
    'esp',
  );
  for (const [protocol, text] of [
    ['ike', ike],
    ['esp', esp],
  ] as const)
    if (text.ok) mapping.proposals(field, `${protocol}.proposals`, [text.value], protocol);
    else mapping.unmapped(field, `the default is offered instead: ${text.error}`, `${protocol}.proposals`);
}

function xmlAuthentication(mapping: Mapping, native: XmlElement): void {
  const user = textAt(native, 'Authentication', 'UserMethod');
  const machine = textAt(native, 'Authentication', 'MachineMethod');
  const field = 'NativeProfile.Authentication';
  if (user !== undefined && mapUserMethod(mapping, native, `${field}.UserMethod`, user))
    mapping.unmapped(`${field}.UserMethod`, STORE, 'local.auth');
  if (machine !== undefined && /^certificate$/i.test(machine))
    mapping.unmapped(`${field}.MachineMethod`, STORE, 'local.auth');
  else if (machine !== undefined)
    mapping.unmapped(`${field}.MachineMethod`, `${quote(machine)} is no known method`, 'local.auth');
  if (textAt(native, 'L2tpPsk') !== undefined)
    mapping.unmapped('NativeProfile.L2tpPsk', 'is of L2TP', 'local.auth.psk');
  trust(mapping, field);
}

function xmlRoutes(mapping: Mapping, root: XmlElement, native: XmlElement): void {
  const child = String(mapping.get('name'));
  const routes = root.children.filter(({ name }) => name === 'Route');
  const prefixes = routes.flatMap((route) => {
    const [address, size] = [textAt(route, 'Address'), textAt(route, 'PrefixSize')];
    if (textAt(route, 'ExclusionRoute')?.toLowerCase() === 'true') {
      mapping.unmapped('Route.ExclusionRoute', 'cannot be mapped: no network can be left out', 'routes');
      return [];
    }
    return address !== undefined && size !== undefined ? [`${address}/${size}`] : [];
  });
  const policy = textAt(native, 'RoutingPolicyType') ?? 'SplitTunnel';
  if (/^split/i.test(policy) && prefixes.length > 0)
    mapping.set(
      'Route',
      ['children', child, 'remote'],
      prefixes,
      'asked of the gateway as traffic selectors',
    );
  else if (prefixes.length > 0) mapping.set('Route', 'routes.extra', prefixes);
  if (/^force/i.test(policy)) mapping.same('NativeProfile.RoutingPolicyType', `children.${child}.remote`);
  else if (prefixes.length === 0)
    mapping.unmapped(
      'NativeProfile.RoutingPolicyType',
      'is split without routes: here everything goes through the tunnel',
      `children.${child}.remote`,
    );
}

const XML_REASONS: Readonly<Record<string, string>> = {
  AlwaysOn:
    'cannot be mapped: tunnels are brought up by the user; it blocks nothing, so it is no kill switch either',
  DeviceTunnel: 'every tunnel is one of the whole computer here',
  RememberCredentials: 'secrets are kept by the engine',
  TrustedNetworkDetection: 'cannot be mapped: tunnels are brought up by the user',
  AppTrigger: 'cannot be mapped: tunnels are brought up by the user',
  TrafficFilter: 'cannot be mapped: the tunnel is for every program',
  Proxy: 'cannot be mapped: proxies are not configured',
  RegisterDNS: 'cannot be mapped',
  ByPassForLocal: 'is for proxies',
  EdpModeId: 'is for Windows alone',
  PluginProfile: 'cannot be mapped: it is for another client',
};

const XML_TAKEN: readonly string[] = [
  'ProfileName',
  'NativeProfile',
  'Route',
  'DomainNameInformation',
  'DnsSuffix',
  'LockDown',
];

export function importProfileXml(root: XmlElement): ImportedProfile {
  const mapping = new Mapping();
  const native = childOf(root, 'NativeProfile') ?? { name: 'NativeProfile', text: '', children: [] };
  const listed = (textAt(native, 'Servers') ?? '')
    .split(',')
    .map((one) => (one.split(';')[0] ?? '').trim())
    .filter((one) => one !== '');
  mapping.name('ProfileName', textAt(root, 'ProfileName') ?? listed[0] ?? 'imported');
  if (listed.length > 0) mapping.set('NativeProfile.Servers', 'gateway.hosts', listed);
  else mapping.unmapped('NativeProfile.Servers', 'is missing: the gateway has no address', 'gateway.hosts');
  const protocol = textAt(native, 'NativeProtocolType');
  if (protocol !== undefined && !/^(ikev2|automatic|protocollist)$/i.test(protocol))
    mapping.unmapped('NativeProfile.NativeProtocolType', `${quote(protocol)} is not IKEv2`);
  else if (protocol !== undefined) mapping.same('NativeProfile.NativeProtocolType', 'ike');
  xmlAuthentication(mapping, native);
  suites(mapping, native);
  xmlRoutes(mapping, root, native);
  const lockDown = textAt(root, 'LockDown');
  if (lockDown !== undefined && /^(true|1)$/i.test(lockDown))
    mapping.set(
      'LockDown',
      'killSwitch',
      { mode: 'always', allowLocal: false },
      'from the first connection on; the tunnel can still be brought down, and the block released',
    );
  else if (lockDown !== undefined) mapping.set('LockDown', 'killSwitch', { mode: 'off' });
  const domains: string[] = [];
  const servers: string[] = [];
  const suffix = textAt(root, 'DnsSuffix');
  if (suffix !== undefined) domains.push(suffix);
  for (const info of root.children.filter(({ name }) => name === 'DomainNameInformation')) {
    const domain = textAt(info, 'DomainName')?.replace(/^\./, '');
    if (domain !== undefined && domain !== '') domains.push(domain);
    servers.push(
      ...(textAt(info, 'DnsServers') ?? '')
        .split(',')
        .map((one) => one.trim())
        .filter((one) => one !== ''),
    );
  }
  if (domains.length > 0)
    mapping.set('DomainNameInformation, DnsSuffix', 'dns.domains', [...new Set(domains)]);
  if (servers.length > 0)
    mapping.set('DomainNameInformation.DnsServers', 'dns.servers', [...new Set(servers)]);
  for (const { name } of root.children)
    if (Object.hasOwn(XML_REASONS, name)) mapping.unmapped(name, XML_REASONS[name] as string);
    else if (!XML_TAKEN.includes(name)) mapping.unmapped(name, 'is not known here and has no effect');
  for (const { name } of native.children)
    if (
      ![
        'Servers',
        'NativeProtocolType',
        'ProtocolList',
        'Authentication',
        'CryptographySuite',
        'RoutingPolicyType',
        'L2tpPsk',
      ].includes(name)
    )
      mapping.unmapped(`NativeProfile.${name}`, 'has no effect: routes follow the traffic selectors');
  return mapping.result();
}

/** Strategies that begin with IKEv2: 7 it alone, 8 and 14 it first. */
const IKEV2 = ['7', '8', '14'];

function phoneBookEntry(section: KeySection): ImportedProfile {
  const mapping = new Mapping();
  const from = new Fields(firstValues(section.entries), '');
  mapping.name(`[${section.name}]`, section.name);
  const strategy = from.take('VpnStrategy');
  if (strategy === '7') mapping.same('VpnStrategy', 'ike');
  else mapping.set('VpnStrategy', 'ike', {}, 'only IKEv2 is tried');
  const host = from.take('PhoneNumber');
  if (host !== undefined) mapping.set('PhoneNumber', 'gateway.hosts', [host]);
  else mapping.unmapped('PhoneNumber', 'is missing: the gateway has no address', 'gateway.hosts');
  const [own, peer] = [from.take('IDI'), from.take('IDR')];
  if (own !== undefined) mapping.set('IDI', 'local.id', own);
  if (peer !== undefined) mapping.set('IDR', 'remote.id', peer);
  const key = from.take('PreSharedKey');
  const method = from.take('CustomAuthKey');
  if (key !== undefined) {
    mapping.set('PreSharedKey', 'local.auth.psk', literalPsk(key));
    mapping.set('PreSharedKey', 'remote.auth', 'psk');
  } else {
    if (method !== undefined && method !== '0') {
      const mapped = mapEap(mapping, { foreign: 'CustomAuthKey', method });
      if (mapped && isEapTls(method)) mapping.unmapped('CustomAuthKey', STORE, 'local.auth');
    } else mapping.unmapped('AuthRestrictions', STORE, 'local.auth');
    trust(mapping, 'AuthRestrictions');
  }
  const servers = ['IpDnsAddress', 'IpDns2Address', 'Ipv6DnsAddress', 'Ipv6Dns2Address']
    .flatMap((name) => from.take(name) ?? [])
    .filter((ip) => ip !== '0.0.0.0' && ip !== '::');
  if (servers.length > 0) mapping.set('IpDnsAddress', 'dns.servers', servers);
  const suffix = from.take('IpDnsSuffix');
  if (suffix !== undefined) mapping.set('IpDnsSuffix', 'dns.domains', [suffix]);
  if (from.take('IpPrioritizeRemote') === '0')
    mapping.unmapped(
      'IpPrioritizeRemote',
      'is split: here everything that the gateway allows goes through the tunnel',
      'children',
    );
  if (from.take('Disable_IKEv2_Fragmentation') === '1')
    mapping.set('Disable_IKEv2_Fragmentation', 'fragmentation.enabled', false);
  if (from.take('CustomIPSecPolicies') !== undefined)
    mapping.unmapped(
      'CustomIPSecPolicies',
      'cannot be mapped: it is in an undocumented form; give the proposals',
      'ike.proposals',
    );
  const more = Number(from.take('NumRoutes') ?? 0);
  if (more > 0)
    mapping.unmapped(
      'Routes',
      'cannot be mapped: they are in an undocumented form; give them as traffic selectors',
      'children',
    );
  const listed = from.take('ServerListServerName');
  if (listed !== undefined && listed !== host)
    mapping.unmapped('ServerListServerName', 'only PhoneNumber is used', 'gateway.hosts');
  // The other hundred keys are about modems, windows and dialling.
  return mapping.result();
}

export const importPhoneBook = (sections: readonly KeySection[]): ImportedProfile[] =>
  sections
    .filter(({ entries }) => IKEV2.includes(firstValues(entries).get('VpnStrategy') ?? ''))
    .map(phoneBookEntry);

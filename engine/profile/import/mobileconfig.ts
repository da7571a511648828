/** Apple's configuration profiles with IKEv2 payloads and the certificates beside them (`.mobileconfig`). */
import { mapEap } from './eap.ts';
import { type ImportedProfile, literalPsk, Mapping, quote } from './mapping.ts';
import type { Plist, PlistDict } from './plist.ts';
import { suite } from './suite-words.ts';

const VPN = 'com.apple.vpn.managed';
const PKCS12 = 'com.apple.security.pkcs12';
const ANCHORS: readonly string[] = [
  'com.apple.security.root',
  'com.apple.security.pkcs1',
  'com.apple.security.pem',
];

/** DeadPeerDetectionRate in seconds. */
const DPD: Readonly<Record<string, number>> = { None: 0, Low: 1800, Medium: 600, High: 60 };

const isDict = (value: Plist | undefined): value is PlistDict => value instanceof Map;

/** A dict that remembers which of its keys somebody asked for. */
class Keys {
  readonly #left: Map<string, Plist>;
  readonly #prefix: string;

  constructor(dict: Plist | undefined, prefix: string) {
    this.#left = new Map(isDict(dict) ? dict : []);
    this.#prefix = prefix;
  }

  at(key: string): string {
    return `${this.#prefix}${key}`;
  }

  take(key: string): Plist | undefined {
    const value = this.#left.get(key);
    this.#left.delete(key);
    return value;
  }

  text(key: string): string | undefined {
    const value = this.take(key);
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
  }

  /** Booleans are also written as 0 and 1. */
  flag(key: string): boolean | undefined {
    const value = this.take(key);
    return value === undefined ? undefined : value === true || value === 1;
  }

  texts(key: string): string[] {
    const value = this.take(key);
    return Array.isArray(value)
      ? value.filter((item): item is string => typeof item === 'string' && item !== '')
      : [];
  }

  rest(mapping: Mapping, reasons: Readonly<Record<string, string>> = {}): void {
    for (const key of this.#left.keys())
      mapping.unmapped(
        this.at(key),
        Object.hasOwn(reasons, key) ? (reasons[key] as string) : 'is not known here and has no effect',
      );
  }
}

/** It starts a tunnel on traffic; what it blocks meanwhile is for IncludeAllNetworks to say. */
const ON_DEMAND = 'cannot be mapped: tunnels are brought up by the user, and this is no kill switch';
const APPLE_TRAFFIC = 'cannot be mapped: it is about services of Apple systems';

const IKEV2_REASONS: Readonly<Record<string, string>> = {
  CertificateType: 'the certificate itself says so',
  DisableRedirect: 'the engine follows no redirect',
  NATKeepAliveOffloadEnable: 'is for Apple hardware',
  OnDemandEnabled: ON_DEMAND,
  OnDemandRules: ON_DEMAND,
  OnDemandUserOverrideDisabled: ON_DEMAND,
  EnforceRoutes: 'routes of the tunnel always go before those of the network',
  ExcludeAPNs: APPLE_TRAFFIC,
  ExcludeCellularServices: APPLE_TRAFFIC,
  ExcludeDeviceCommunication: APPLE_TRAFFIC,
  UseConfigurationAttributeInternalIPSubnet: 'the subnets of the gateway are always used',
  TLSMinimumVersion: 'has no effect without EAP-TLS',
  TLSMaximumVersion: 'has no effect without EAP-TLS',
  ExcludeLocalNetworks: 'has no effect without IncludeAllNetworks',
  ProviderType: 'is for Apple systems',
  AuthName: 'has no effect without ExtendedAuthEnabled',
  AuthPassword: 'has no effect without ExtendedAuthEnabled',
  ExtendedAuthEnabled: 'has no effect without a user name or a certificate',
};

function securityAssociation(mapping: Mapping, keys: Keys, name: string, pfs: boolean): void {
  const protocol = name.startsWith('IKE') ? 'ike' : 'esp';
  const dict = keys.take(name);
  if (!isDict(dict)) return;
  const from = new Keys(dict, keys.at(`${name}.`));
  const group = from.take('DiffieHellmanGroup');
  const text = suite(
    {
      cipher: from.text('EncryptionAlgorithm') ?? 'AES-256',
      integrity: from.text('IntegrityAlgorithm') ?? 'SHA2-256',
      group: protocol === 'esp' && !pfs ? undefined : String(group ?? 14),
    },
    protocol,
  );
  const fields = keys.at(name);
  if (text.ok) mapping.proposals(fields, `${protocol}.proposals`, [text.value], protocol);
  else mapping.unmapped(fields, `the default is offered instead: ${text.error}`, `${protocol}.proposals`);
  const minutes = from.take('LifeTimeInMinutes');
  if (typeof minutes === 'number' && minutes > 0)
    mapping.set(from.at('LifeTimeInMinutes'), `${protocol}.lifetime`, `${Math.round(minutes)}m`);
  from.rest(mapping);
}

/** The PKCS#12 payload that PayloadCertificateUUID names. */
function ownCertificate(mapping: Mapping, keys: Keys, payloads: readonly PlistDict[]): void {
  const uuid = keys.text('PayloadCertificateUUID');
  const own = payloads.find((one) => one.get('PayloadUUID') === uuid);
  const octets = own?.get('PayloadContent');
  const passphrase = own?.get('Password');
  if (own?.get('PayloadType') === PKCS12 && octets instanceof Uint8Array)
    mapping.bundle({
      octets,
      foreign: `${PKCS12} (${String(own.get('PayloadCertificateFileName') ?? uuid)})`,
      ours: 'local.auth',
      ...(typeof passphrase === 'string' ? { passphrase } : {}),
    });
  else
    mapping.unmapped(
      keys.at('PayloadCertificateUUID'),
      'names no PKCS#12 payload in this file',
      'local.auth',
    );
}

function tlsVersions(mapping: Mapping, keys: Keys): void {
  for (const [key, ours] of [
    ['TLSMinimumVersion', 'local.auth.tls.min'],
    ['TLSMaximumVersion', 'local.auth.tls.max'],
  ] as const) {
    const version = keys.text(key);
    if (version === '1.2' || version === '1.3') mapping.set(keys.at(key), ours, version);
    else if (version !== undefined)
      mapping.unmapped(keys.at(key), `${quote(version)}: TLS 1.2 and 1.3 are spoken`, ours);
  }
}

/** With a user name it is EAP-MSCHAPv2, without one EAP-TLS with the certificate. */
function extended(mapping: Mapping, keys: Keys, method: string, payloads: readonly PlistDict[]): void {
  const foreign = keys.at('ExtendedAuthEnabled');
  const [user, password] = [keys.text('AuthName'), keys.text('AuthPassword')];
  const byCertificate = method === 'Certificate' && user === undefined;
  const mapped = mapEap(mapping, {
    foreign,
    method: byCertificate ? 'eap-tls' : 'eap-mschapv2',
    ...(user === undefined ? {} : { username: [keys.at('AuthName'), user] }),
    ...(password === undefined ? {} : { password: [keys.at('AuthPassword'), password] }),
  });
  if (byCertificate && mapped) {
    tlsVersions(mapping, keys);
    ownCertificate(mapping, keys, payloads);
  } else keys.take('PayloadCertificateUUID');
}

function authentication(mapping: Mapping, keys: Keys, payloads: readonly PlistDict[]): void {
  const method = keys.text('AuthenticationMethod') ?? 'None';
  const eap = keys.flag('ExtendedAuthEnabled') === true;
  const secret = keys.text('SharedSecret');
  if (!eap && method === 'SharedSecret') {
    if (secret === undefined)
      mapping.unmapped(keys.at('SharedSecret'), 'is missing: give the pre-shared key', 'local.auth.psk');
    else mapping.set(keys.at('SharedSecret'), 'local.auth.psk', literalPsk(secret));
    mapping.set(keys.at('AuthenticationMethod'), 'remote.auth', 'psk');
    return;
  }
  if (eap || method === 'Certificate') {
    mapping.set(keys.at('AuthenticationMethod'), 'remote.auth', 'pubkey');
    if (eap) extended(mapping, keys, method, payloads);
    else ownCertificate(mapping, keys, payloads);
  } else
    mapping.unmapped(
      keys.at('AuthenticationMethod'),
      `${quote(method)} without EAP is nothing to prove oneself with`,
      'local.auth',
    );
  const check = keys.flag('EnableCertificateRevocationCheck');
  if (check !== undefined) {
    const mode = check ? 'relaxed' : 'off';
    mapping.set(keys.at('EnableCertificateRevocationCheck'), 'remote.revocation', { crl: mode, ocsp: mode });
  }
  let anchors = 0;
  for (const one of payloads) {
    const type = String(one.get('PayloadType'));
    const octets = one.get('PayloadContent');
    if (!ANCHORS.includes(type) || !(octets instanceof Uint8Array)) continue;
    anchors++;
    mapping.bundle({
      octets,
      foreign: `${type} (${String(one.get('PayloadDisplayName') ?? anchors)})`,
      ours: 'remote.anchors',
    });
  }
  const issuer = keys.text('ServerCertificateIssuerCommonName');
  const common = keys.text('ServerCertificateCommonName');
  if (anchors === 0)
    mapping.unmapped(
      keys.at('ServerCertificateIssuerCommonName'),
      `the file has no CA${issuer === undefined ? '' : ` (it must be ${quote(issuer)})`}: Apple systems trust those of the system, here it must be named (it may be in the PKCS#12)`,
      'remote.anchors',
    );
  else if (issuer !== undefined)
    mapping.unmapped(
      keys.at('ServerCertificateIssuerCommonName'),
      'the CAs in the file are trusted for this profile instead',
      'remote.anchors',
    );
  if (common !== undefined)
    mapping.unmapped(
      keys.at('ServerCertificateCommonName'),
      'the gateway must prove remote.id instead',
      'remote.id',
    );
}

/** Apple drops what would leave beside the tunnel while it is not up, as long as the VPN is switched on. */
function killSwitch(mapping: Mapping, keys: Keys): void {
  const all = keys.flag('IncludeAllNetworks');
  if (all === undefined) return;
  mapping.set(keys.at('IncludeAllNetworks'), 'killSwitch.mode', all ? 'while-up' : 'off');
  if (!all) return;
  const local = keys.flag('ExcludeLocalNetworks');
  if (local !== undefined) mapping.set(keys.at('ExcludeLocalNetworks'), 'killSwitch.allowLocal', local);
}

function network(mapping: Mapping, payload: Keys): void {
  const dns = new Keys(payload.take('DNS'), 'DNS.');
  const servers = dns.texts('ServerAddresses');
  if (servers.length > 0) mapping.set('DNS.ServerAddresses', 'dns.servers', servers);
  const domains = [...dns.texts('SupplementalMatchDomains'), ...dns.texts('SearchDomains')];
  if (domains.length > 0) mapping.set('DNS.SupplementalMatchDomains', 'dns.domains', [...new Set(domains)]);
  dns.rest(mapping);
  const ipv4 = new Keys(payload.take('IPv4'), 'IPv4.');
  if (ipv4.flag('OverridePrimary') !== undefined)
    mapping.unmapped('IPv4.OverridePrimary', 'routes follow the traffic selectors', 'routes');
}

function payload(dict: PlistDict, payloads: readonly PlistDict[]): ImportedProfile {
  const mapping = new Mapping();
  const outer = new Keys(dict, '');
  mapping.name(
    'UserDefinedName',
    outer.text('UserDefinedName') ?? outer.text('PayloadDisplayName') ?? 'imported',
  );
  const keys = new Keys(outer.take('IKEv2'), 'IKEv2.');
  const address = keys.text('RemoteAddress');
  if (address !== undefined) mapping.set(keys.at('RemoteAddress'), 'gateway.hosts', [address]);
  else mapping.unmapped(keys.at('RemoteAddress'), 'is missing: the gateway has no address', 'gateway.hosts');
  const remote = keys.text('RemoteIdentifier');
  if (remote !== undefined) mapping.set(keys.at('RemoteIdentifier'), 'remote.id', remote);
  const local = keys.text('LocalIdentifier');
  if (local !== undefined) mapping.set(keys.at('LocalIdentifier'), 'local.id', local);
  authentication(mapping, keys, payloads);
  const rate = keys.text('DeadPeerDetectionRate');
  if (rate !== undefined && Object.hasOwn(DPD, rate))
    mapping.set(keys.at('DeadPeerDetectionRate'), 'dpd.delay', DPD[rate], 'in seconds');
  const pfs = keys.flag('EnablePFS') ?? false;
  securityAssociation(mapping, keys, 'IKESecurityAssociationParameters', pfs);
  securityAssociation(mapping, keys, 'ChildSecurityAssociationParameters', pfs);
  const keepalive = keys.take('NATKeepAliveInterval');
  if (typeof keepalive === 'number') mapping.set(keys.at('NATKeepAliveInterval'), 'keepalive', keepalive);
  const mtu = keys.take('MTU');
  if (typeof mtu === 'number') mapping.set(keys.at('MTU'), 'mtu', mtu);
  const fixed = keys.flag('DisableMOBIKE');
  if (fixed !== undefined) mapping.set(keys.at('DisableMOBIKE'), 'ike.mobike', !fixed);
  killSwitch(mapping, keys);
  keys.rest(mapping, IKEV2_REASONS);
  network(mapping, outer);
  for (const key of [
    'VPNType',
    'PayloadType',
    'PayloadUUID',
    'PayloadIdentifier',
    'PayloadVersion',
    'PayloadDisplayName',
    'PayloadDescription',
    'PayloadOrganization',
    'PayloadEnabled',
  ])
    outer.take(key);
  outer.rest(mapping, {
    Proxies: 'cannot be mapped: proxies are not configured',
    OnDemandEnabled: ON_DEMAND,
    OnDemandRules: ON_DEMAND,
    VendorConfig: 'is for the apps of others',
  });
  return mapping.result();
}

/** Each IKEv2 payload is a profile; payloads of other kinds are passed over. */
export function importMobileconfig(root: PlistDict): ImportedProfile[] {
  const list = root.get('PayloadContent');
  const payloads = (Array.isArray(list) ? (list as readonly Plist[]) : []).filter(isDict);
  return payloads
    .filter(
      (one) => one.get('PayloadType') === VPN && one.get('VPNType') === 'IKEv2' && isDict(one.get('IKEv2')),
    )
    .map((one) => payload(one, payloads));
}

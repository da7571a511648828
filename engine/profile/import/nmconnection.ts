/** Connections of NetworkManager's strongSwan plug-in: `.nmconnection`, a GLib key file. */
import { isEapTls, mapEap } from './eap.ts';
import { Fields, type ImportedProfile, literalPsk, Mapping } from './mapping.ts';
import { firstValues, type KeySection } from './text.ts';

export const NM_SERVICE = 'org.freedesktop.NetworkManager.strongswan';

const fieldsOf = (sections: readonly KeySection[], name: string): Fields =>
  new Fields(firstValues(sections.find((one) => one.name === name)?.entries ?? []), `[${name}] `);

const DESKTOP = 'is for NetworkManager alone';

/** GLib escapes in values: `\s`, `\n`, `\t`, `\\`, `\;`. */
const unescaped = (value: string): string =>
  value.replaceAll(
    /\\([sntr\\;])/g,
    (_, char: string) => ({ s: ' ', n: '\n', t: '\t', r: '\r' })[char] ?? char,
  );

function authentication(mapping: Mapping, vpn: Fields, secrets: Fields): void {
  const method = vpn.take('method') ?? 'key';
  const source = vpn.take('cert-source') ?? 'file';
  const password = secrets.take('password');
  vpn.pass(mapping, { 'password-flags': 'secrets are kept by the engine' });
  const user = vpn.take('user');
  if (method === 'psk') {
    if (user !== undefined) mapping.set(vpn.at('user'), 'local.id', user);
    mapping.set(vpn.at('method'), 'remote.auth', 'psk');
    if (password !== undefined)
      mapping.set(secrets.at('password'), 'local.auth.psk', literalPsk(unescaped(password)));
    else
      mapping.unmapped(
        secrets.at('password'),
        'is not in the file: give the pre-shared key',
        'local.auth.psk',
      );
  } else if (method.startsWith('eap') && !isEapTls(method)) {
    mapping.set(vpn.at('method'), 'remote.auth', 'pubkey');
    mapEap(mapping, {
      foreign: vpn.at('method'),
      method,
      ...(user === undefined ? {} : { username: [vpn.at('user'), unescaped(user)] }),
      ...(password === undefined ? {} : { password: [secrets.at('password'), unescaped(password)] }),
    });
  } else if (method === 'smartcard' || method === 'agent' || source !== 'file')
    mapping.unmapped(
      vpn.at('method'),
      'cannot be mapped: keys in agents and smart cards are not used',
      'local.auth',
    );
  else {
    mapping.set(vpn.at('method'), 'remote.auth', 'pubkey');
    if (isEapTls(method)) mapEap(mapping, { foreign: vpn.at('method'), method });
    const [certificate, key] = [vpn.take('usercert'), vpn.take('userkey')];
    if (certificate !== undefined) mapping.set(vpn.at('usercert'), 'local.auth.certificate', certificate);
    if (key !== undefined) mapping.set(vpn.at('userkey'), 'local.auth.key', key);
    if (password !== undefined)
      mapping.set(secrets.at('password'), 'local.auth.passphrase', unescaped(password));
  }
  const unused = 'has no effect with this method';
  vpn.pass(mapping, { usercert: unused, userkey: unused });
  const anchor = vpn.take('certificate');
  if (anchor !== undefined && method !== 'psk')
    mapping.set(vpn.at('certificate'), 'remote.anchors', [anchor]);
  else if (anchor !== undefined)
    mapping.unmapped(vpn.at('certificate'), 'has no meaning with a pre-shared key');
  else if (method !== 'psk')
    mapping.unmapped(
      vpn.at('certificate'),
      'is missing: the plug-in trusts the CAs of the system, here they must be named',
      'remote.anchors',
    );
}

function tunnel(mapping: Mapping, vpn: Fields, child: string): void {
  const flag = (key: string): boolean | undefined => {
    const value = vpn.take(key);
    return value === undefined ? undefined : value === 'yes' || value === 'true';
  };
  const encap = flag('encap');
  if (encap !== undefined) mapping.set(vpn.at('encap'), 'encapsulation', encap ? 'forced' : 'auto');
  const inner = flag('virtual') ?? false;
  mapping.set(vpn.at('virtual'), 'virtualIp', { ipv4: inner, ipv6: inner });
  if (flag('ipcomp') === true)
    mapping.unmapped(vpn.at('ipcomp'), 'cannot be mapped: packets are not compressed');
  const own = flag('proposal') ?? false;
  for (const protocol of ['ike', 'esp'] as const) {
    const texts = vpn.list(protocol);
    if (texts.length === 0) continue;
    if (own) mapping.proposals(vpn.at(protocol), `${protocol}.proposals`, texts, protocol);
    else mapping.unmapped(vpn.at(protocol), 'is switched off by "proposal"', `${protocol}.proposals`);
  }
  const selectors = vpn.list('remote-ts');
  if (selectors.length > 0) mapping.set(vpn.at('remote-ts'), ['children', child, 'remote'], selectors);
}

function addressing(mapping: Mapping, sections: readonly KeySection[]): void {
  const servers: string[] = [];
  const domains: string[] = [];
  const routes: string[] = [];
  const from: { servers: string[]; domains: string[]; routes: string[] } = {
    servers: [],
    domains: [],
    routes: [],
  };
  for (const name of ['ipv4', 'ipv6']) {
    const ip = fieldsOf(sections, name);
    const dns = ip.list('dns');
    if (dns.length > 0) from.servers.push(ip.at('dns'));
    servers.push(...dns);
    const search = ip.list('dns-search');
    if (search.length > 0) from.domains.push(ip.at('dns-search'));
    domains.push(...search.map((domain) => domain.replace(/^~/, '')).filter((domain) => domain !== ''));
    for (let i = 1; i <= 256; i++) {
      const route = ip.take(`route${i}`)?.split(',')[0];
      if (route === undefined) break;
      from.routes.push(ip.at(`route${i}`));
      routes.push(route);
    }
    if (ip.take('ignore-auto-dns') === 'true') mapping.set(ip.at('ignore-auto-dns'), 'dns.mode', 'ignore');
    ip.pass(mapping, {
      'never-default': 'routes follow the traffic selectors',
      'ignore-auto-routes': 'routes follow the traffic selectors',
    });
    for (const key of ['method', 'addr-gen-mode', 'dns-priority', 'may-fail', 'dns-options']) ip.take(key);
    ip.rest(mapping);
  }
  if (servers.length > 0) mapping.set(from.servers.join(', '), 'dns.servers', servers);
  if (domains.length > 0) mapping.set(from.domains.join(', '), 'dns.domains', domains);
  if (routes.length > 0) mapping.set(from.routes.slice(0, 4).join(', '), 'routes.extra', routes);
}

export function importNmconnection(sections: readonly KeySection[]): ImportedProfile {
  const mapping = new Mapping();
  const connection = fieldsOf(sections, 'connection');
  const vpn = fieldsOf(sections, 'vpn');
  const secrets = fieldsOf(sections, 'vpn-secrets');
  mapping.name(connection.at('id'), unescaped(connection.take('id') ?? 'imported'));
  for (const key of ['uuid', 'type', 'timestamp', 'interface-name']) connection.take(key);
  connection.pass(mapping, {
    autoconnect: 'tunnels are brought up by the user',
    permissions: DESKTOP,
    zone: DESKTOP,
    metered: DESKTOP,
  });
  connection.rest(mapping);
  vpn.take('service-type');
  const address = vpn.take('address');
  if (address !== undefined) mapping.set(vpn.at('address'), 'gateway.hosts', [address]);
  else mapping.unmapped(vpn.at('address'), 'is missing: the gateway has no address', 'gateway.hosts');
  const port = vpn.take('server-port');
  if (port !== undefined && /^[0-9]{1,5}$/.test(port))
    mapping.set(
      vpn.at('server-port'),
      'gateway.port',
      port === '500' ? 4500 : Number(port),
      port === '500' ? 'everything goes through port 4500' : undefined,
    );
  for (const [key, ours] of [
    ['local-identity', 'local.id'],
    ['remote-identity', 'remote.id'],
  ] as const) {
    const value = vpn.take(key);
    if (value !== undefined) mapping.set(vpn.at(key), ours, unescaped(value));
  }
  authentication(mapping, vpn, secrets);
  tunnel(mapping, vpn, String(mapping.get('name')));
  addressing(mapping, sections);
  vpn.rest(mapping);
  return mapping.result();
}

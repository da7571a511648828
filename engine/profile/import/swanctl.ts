/** Connections of `swanctl.conf` in which we are the client, with the secrets that go with them (swanctl.conf(5)). */
import { isEapTls, mapAaaId, mapEap, mapRevocation } from './eap.ts';
import { Fields, type ImportedProfile, Mapping, quote } from './mapping.ts';
import type { Conf, ConfSection } from './strongswan-conf.ts';
import { importChild, lifetime } from './swanctl-child.ts';

const FIXED = 'has no effect in Culvert';
const CONNECTION: Readonly<Record<string, string>> = {
  local_addrs: 'the system chooses the address to send from',
  local_port: 'the engine uses port 4500',
  aggressive: 'is of IKEv1',
  pull: 'is of IKEv1',
  dscp: 'cannot be mapped',
  mobike: 'is always on where the gateway has it',
  dpd_timeout: 'is of IKEv1; retransmission decides',
  childless: 'cannot be mapped: the first child comes with IKE_AUTH',
  send_certreq: 'is always sent',
  send_cert: 'is always sent',
  keyingtries: 'the engine tries again by itself',
  unique: 'is for gateways',
  reauth_time: 'cannot be mapped: the IKE SA is rekeyed instead',
  ppk_id: 'cannot be mapped yet: postquantum preshared keys',
  ppk_required: 'cannot be mapped yet: postquantum preshared keys',
  pools: 'is for gateways',
  if_id_in: FIXED,
  if_id_out: FIXED,
  mediation: FIXED,
  mediated_by: FIXED,
  mediation_peer: FIXED,
};
const yes = (value: string): boolean => /^(yes|true|1|enabled|force|require)$/i.test(value);

const file = (folder: string, name: string): string => (name.startsWith('/') ? name : `${folder}/${name}`);

/** Secrets whose identities fit best: named for this connection, else for nobody in particular. */
function ikeSecret(
  secrets: ConfSection | undefined,
  ids: readonly string[],
): { name: string; secret: string } | undefined {
  let best: { name: string; secret: string; score: number } | undefined;
  for (const [name, { values }] of secrets?.sections ?? []) {
    if (!name.startsWith('ike')) continue;
    const owners = [...values].filter(([key]) => key.startsWith('id')).map(([, value]) => value);
    const fitting = owners.filter((owner) => ids.includes(owner)).length;
    const secret = values.get('secret');
    const score = owners.length === 0 ? 0 : fitting > 0 ? fitting : -1;
    if (secret !== undefined && score >= 0 && (!best || score > best.score)) best = { name, secret, score };
  }
  return best;
}

/** The password of a user: of a section that names them, else of one that names nobody. */
function eapSecret(
  secrets: ConfSection | undefined,
  user: string | undefined,
): { readonly name: string; readonly secret: string } | undefined {
  const found = [...(secrets?.sections ?? [])].flatMap(([name, { values }]) => {
    if (!/^(eap|ntlm|xauth)/.test(name)) return [];
    const owners = [...values].filter(([key]) => key.startsWith('id')).map(([, value]) => value);
    const secret = values.get('secret');
    const fits = owners.length === 0 || (user !== undefined && owners.includes(user));
    return secret === undefined || !fits || name.startsWith('ntlm') ? [] : [{ name, secret, owners }];
  });
  return found.find(({ owners }) => owners.length > 0) ?? found[0];
}

function eapAuth(
  mapping: Mapping,
  from: Fields,
  secrets: ConfSection | undefined,
  auth: string,
  id: string | undefined,
): void {
  const eapId = from.take('eap_id');
  const user = eapId === undefined || eapId === '%any' ? id : eapId;
  const found = eapSecret(secrets, user);
  mapEap(mapping, {
    foreign: from.at('auth'),
    method: auth,
    ...(user === undefined ? {} : { username: [from.at(user === eapId ? 'eap_id' : 'id'), user] }),
    ...(found ? { password: [`secrets.${found.name}.secret`, found.secret] } : {}),
  });
}

function localAuth(
  mapping: Mapping,
  from: Fields,
  secrets: ConfSection | undefined,
  ids: readonly string[],
): void {
  const auth = from.take('auth') ?? 'pubkey';
  const id = from.take('id');
  if (id !== undefined) mapping.set(from.at('id'), 'local.id', id);
  if (auth.startsWith('xauth'))
    mapping.unmapped(from.at('auth'), `cannot be mapped: ${quote(auth)} is of IKEv1`, 'local.auth');
  else if (auth.startsWith('eap') && !isEapTls(auth)) eapAuth(mapping, from, secrets, auth, id);
  else if (auth === 'psk') {
    const found = ikeSecret(secrets, ids);
    if (found) {
      mapping.set(`secrets.${found.name}.secret`, 'local.auth.psk', found.secret);
    } else
      mapping.unmapped(
        from.at('auth'),
        'no secret in the file fits: give the pre-shared key',
        'local.auth.psk',
      );
  } else {
    if (isEapTls(auth)) mapEap(mapping, { foreign: from.at('auth'), method: auth });
    else if (auth !== 'pubkey')
      mapping.unmapped(
        from.at('auth'),
        `${quote(auth)}: constraints on our own signature have no effect`,
        'local.auth',
      );
    const [certificate, ...others] = from.list('certs');
    if (certificate !== undefined)
      mapping.set(
        from.at('certs'),
        'local.auth.certificate',
        file('x509', certificate),
        'a file below the folder of swanctl.conf',
      );
    if (others.length > 0)
      mapping.unmapped(from.at('certs'), 'only the first certificate is used', 'local.auth.certificate');
    ownKey(mapping, secrets);
  }
  const aaa = from.take('aaa_id');
  if (aaa !== undefined) mapAaaId(mapping, from.at('aaa_id'), aaa);
  from.pass(mapping, {
    eap_id: 'has no effect without a user name and password',
    xauth_id: 'is of IKEv1',
    round: 'cannot be mapped: one round of authentication',
    pubkeys: 'cannot be mapped: keys come with certificates',
    ca_id: 'has no effect',
    handle: 'cannot be mapped: tokens',
  });
  from.rest(mapping);
}

/** swanctl finds the key by content among all in its folder; a profile names it. */
function ownKey(mapping: Mapping, secrets: ConfSection | undefined): void {
  const keys = [...(secrets?.sections ?? [])].filter(([name]) =>
    /^(private|rsa|ecdsa|pkcs8|pkcs12)/.test(name),
  );
  const [only] = keys;
  if (!only || keys.length > 1) {
    mapping.unmapped(
      'secrets',
      'swanctl looks for the key in its folder private/: name its file',
      'local.auth.key',
    );
    return;
  }
  const [name, { values }] = only;
  const folder = /^[a-z]+?(?=[0-9]*$)/.exec(name.replace(/-.*$/, ''))?.[0] ?? 'private';
  const path = file(
    /^(private|rsa|ecdsa|pkcs8|pkcs12)$/.test(folder) ? folder : 'private',
    values.get('file') ?? name,
  );
  const passphrase = values.get('secret');
  if (name.startsWith('pkcs12'))
    mapping.file(`secrets.${name}.file`, {
      path,
      ours: 'local.auth',
      ...(passphrase === undefined ? {} : { passphrase }),
    });
  else mapping.set(`secrets.${name}.file`, 'local.auth.key', path, 'a file below the folder of swanctl.conf');
  if (passphrase !== undefined && !name.startsWith('pkcs12'))
    mapping.set(`secrets.${name}.secret`, 'local.auth.passphrase', passphrase);
}

function remoteAuth(mapping: Mapping, from: Fields): void {
  const auth = from.take('auth') ?? 'pubkey';
  const id = from.take('id');
  if (id !== undefined) mapping.set(from.at('id'), 'remote.id', id);
  if (auth === 'psk') mapping.set(from.at('auth'), 'remote.auth', 'psk');
  else if (auth.startsWith('eap'))
    mapping.unmapped(
      from.at('auth'),
      `${quote(auth)}: cannot be mapped: the gateway must prove itself by certificate before a password leaves`,
      'remote.auth',
    );
  else {
    mapping.set(
      from.at('auth'),
      'remote.auth',
      'pubkey',
      auth === 'pubkey' ? undefined : 'constraints on signatures cannot be mapped',
    );
    const anchors = [
      ...from.list('cacerts').map((one) => file('x509ca', one)),
      ...from.list('certs').map((one) => file('x509', one)),
    ];
    const key = from.take('cacerts') === undefined ? 'certs' : 'cacerts';
    if (anchors.length > 0)
      mapping.set(from.at(key), 'remote.anchors', anchors, 'files below the folder of swanctl.conf');
    else
      mapping.unmapped(
        from.at('cacerts'),
        'is missing: swanctl trusts every CA in its folder x509ca/, here they must be named',
        'remote.anchors',
      );
  }
  const revocation = from.take('revocation');
  if (revocation !== undefined && auth !== 'psk' && !auth.startsWith('eap'))
    mapRevocation(mapping, from.at('revocation'), revocation);
  from.pass(mapping, {
    cert_policy: 'cannot be mapped yet',
    groups: 'is for gateways',
    ca_id: 'cannot be mapped',
    round: 'cannot be mapped: one round of authentication',
    pubkeys: 'cannot be mapped: trust comes with certificates',
    eap_id: 'is for gateways',
  });
  from.rest(mapping);
}

function connection(name: string, section: ConfSection, secrets: ConfSection | undefined): ImportedProfile {
  const mapping = new Mapping();
  const prefix = `connections.${name}.`;
  const from = new Fields(section.values, prefix);
  mapping.name(`connections.${name}`, name);
  const version = from.take('version');
  if (version === '1') mapping.unmapped(from.at('version'), 'cannot be mapped: IKEv1');
  else if (version !== undefined) mapping.same(from.at('version'), 'ike');
  const hosts = from.list('remote_addrs').filter((host) => !host.startsWith('%') && !/[/-]\d/.test(host));
  if (hosts.length > 0) mapping.set(from.at('remote_addrs'), 'gateway.hosts', hosts);
  else
    mapping.unmapped(
      from.at('remote_addrs'),
      'names no gateway: this side waits for others to connect',
      'gateway.hosts',
    );
  const port = from.take('remote_port');
  if (port === '500')
    mapping.set(from.at('remote_port'), 'gateway.port', 4500, 'everything goes through port 4500');
  else if (port !== undefined) mapping.set(from.at('remote_port'), 'gateway.port', Number(port));
  mapping.proposals(from.at('proposals'), 'ike.proposals', from.list('proposals'), 'ike');
  lifetime(mapping, from, ['ike'], 'over_time', (soft, over) => soft + (over ?? soft / 10));
  const vips = from.list('vips');
  if (from.take('vips') !== undefined)
    mapping.set(
      from.at('vips'),
      'virtualIp',
      { ipv4: vips.some((ip) => !ip.includes(':')), ipv6: vips.some((ip) => ip.includes(':')) },
      vips.every((ip) => /^(0\.0\.0\.0|::)$/.test(ip)) ? undefined : 'the gateway chooses the address',
    );
  else
    mapping.set(
      from.at('vips'),
      'virtualIp',
      { ipv4: false, ipv6: false },
      'no virtual address is asked for',
    );
  const encap = from.take('encap');
  if (encap !== undefined) mapping.set(from.at('encap'), 'encapsulation', yes(encap) ? 'forced' : 'auto');
  const delay = from.take('dpd_delay');
  if (delay !== undefined) mapping.set(from.at('dpd_delay'), 'dpd.delay', delay);
  const fragmentation = from.take('fragmentation');
  if (fragmentation !== undefined)
    mapping.set(
      from.at('fragmentation'),
      'fragmentation.enabled',
      !/^(no|accept)$/.test(fragmentation),
      /^(force|accept)$/.test(fragmentation) ? 'is on or off here' : undefined,
    );
  from.pass(mapping, CONNECTION);
  from.rest(mapping);
  const parts = (kind: 'local' | 'remote') =>
    [...section.sections].filter(
      ([key]) => key === kind || key.startsWith(`${kind}-`) || new RegExp(`^${kind}[0-9]+$`).test(key),
    );
  const [own, ...moreOwn] = parts('local');
  const [peer, ...morePeer] = parts('remote');
  const ids = [own, peer].flatMap((part) => part?.[1].values.get('id') ?? []).concat(hosts);
  if (own) localAuth(mapping, new Fields(own[1].values, `${prefix}${own[0]}.`), secrets, ids);
  else mapping.unmapped(`${prefix}local`, 'is missing', 'local.auth');
  if (peer) remoteAuth(mapping, new Fields(peer[1].values, `${prefix}${peer[0]}.`));
  for (const [extra] of [...moreOwn, ...morePeer])
    mapping.unmapped(`${prefix}${extra}`, 'cannot be mapped: one round of authentication');
  for (const [name, inner] of section.sections.get('children')?.sections ?? [])
    importChild(
      mapping,
      name,
      inner,
      `${prefix}children.`,
      name.replaceAll(/[^A-Za-z0-9._-]/g, '-').slice(0, 64) || 'child',
    );
  return mapping.result();
}

/** Every connection of the file; `secrets` may stand in another file. */
export function importSwanctl(conf: Conf, other: Conf): ImportedProfile[] {
  const secrets = conf.root.sections.get('secrets') ?? other.root.sections.get('secrets');
  const profiles = [...(conf.root.sections.get('connections')?.sections ?? [])].map(([name, section]) =>
    connection(name, section, secrets),
  );
  return profiles.map((one) => ({
    ...one,
    report: [
      ...one.report,
      ...conf.includes.map((path) => ({
        kind: 'unmapped' as const,
        foreign: `include ${path}`,
        why: 'no other file is opened: import it on its own',
      })),
    ],
  }));
}

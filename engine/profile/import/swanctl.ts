/** Connections of `swanctl.conf` in which we are the client, with the secrets that go with them (swanctl.conf(5)). */
import { importKeyingtries } from './keyingtries.ts';
import { Fields, type ImportedProfile, Mapping, quote } from './mapping.ts';
import type { Conf, ConfSection } from './strongswan-conf.ts';
import { localAuth, remoteAuth, secondAuth } from './swanctl-auth.ts';
import { importChild, lifetime } from './swanctl-child.ts';

const FIXED = 'has no effect in Culvert';
const CONNECTION: Readonly<Record<string, string>> = {
  local_addrs: 'the system chooses the address to send from',
  local_port: 'the engine uses port 4500',
  aggressive: 'is of IKEv1',
  pull: 'is of IKEv1',
  dscp: 'cannot be mapped',
  dpd_timeout: 'is of IKEv1; retransmission decides',
  send_certreq: 'is always sent',
  send_cert: 'is always sent',
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

/** Rounds of one side, as they follow each other: by their number, else as they stand in the file. */
const rounds = (section: ConfSection, side: 'local' | 'remote'): (readonly [string, ConfSection])[] =>
  [...section.sections]
    .filter(([key]) => key === side || key.startsWith(`${side}-`) || new RegExp(`^${side}[0-9]+$`).test(key))
    .map((part) => ({ part, round: Number(part[1].values.get('round') ?? 0) || 0 }))
    .sort((a, b) => a.round - b.round)
    .map(({ part }) => part);

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
  const mobike = from.take('mobike');
  if (mobike !== undefined) mapping.set(from.at('mobike'), 'ike.mobike', yes(mobike));
  const childless = from.take('childless');
  if (childless !== undefined && /^(allow|prefer|force|never)$/.test(childless))
    mapping.set(from.at('childless'), 'ike.childless', childless);
  else if (childless !== undefined)
    mapping.unmapped(from.at('childless'), `${quote(childless)} is none of its values`, 'ike.childless');
  importKeyingtries(mapping, from);
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
  const [own, second, ...moreOwn] = rounds(section, 'local');
  const [peer, ...morePeer] = rounds(section, 'remote');
  const fieldsOf = ([key, { values }]: readonly [string, ConfSection]): Fields =>
    new Fields(values, `${prefix}${key}.`);
  const ids = [own, peer].flatMap((part) => part?.[1].values.get('id') ?? []).concat(hosts);
  if (own) localAuth(mapping, fieldsOf(own), secrets, ids);
  else mapping.unmapped(`${prefix}local`, 'is missing', 'local.auth');
  if (second) secondAuth(mapping, fieldsOf(second), secrets);
  if (peer) remoteAuth(mapping, fieldsOf(peer));
  for (const [extra] of moreOwn)
    mapping.unmapped(`${prefix}${extra}`, 'cannot be mapped: two rounds of authentication at most');
  for (const [extra] of morePeer)
    mapping.unmapped(`${prefix}${extra}`, 'cannot be mapped: the gateway proves itself in one round');
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

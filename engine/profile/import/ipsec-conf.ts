/** Connections of the older `ipsec.conf` with `ipsec.secrets` (ipsec.conf(5), ipsec.secrets(5)). `left` is local. */
import { err, ok, type Result } from '../../base/result.ts';
import {
  type EapRound,
  isEapTls,
  mapAaaId,
  mapEap,
  mapEapOnly,
  mapRevocation,
  secondRoundProblem,
} from './eap.ts';
import { importInactivity, START } from './inactivity.ts';
import { importKeyingtries } from './keyingtries.ts';
import { Fields, type ImportedProfile, literalPsk, Mapping, NO_COMMANDS, quote } from './mapping.ts';

export interface IpsecSecret {
  readonly owners: readonly string[];
  readonly kind: string;
  /** The secret, or the file and its passphrase. */
  readonly values: readonly string[];
}

type Conn = Map<string, string>;

const MAX_CONNS = 500;
const MAX_LINES = 50_000;
const NOT_HERE = 'has no effect in Culvert';
const PASSED: Readonly<Record<string, string>> = {
  aggressive: 'is of IKEv1',
  auto: START,
  closeaction: 'the engine tries again by itself',
  compress: 'cannot be mapped: packets are not compressed',
  dpdtimeout: 'is of IKEv1; retransmission decides',
  eap_identity: 'has no effect without a user name and password',
  ikedscp: 'cannot be mapped',
  installpolicy: NOT_HERE,
  left: 'the system chooses the address to send from',
  leftca: 'cannot be mapped: the certificate is named',
  leftfirewall: NO_COMMANDS,
  leftgroups: 'is for gateways',
  lefthostaccess: NOT_HERE,
  leftikeport: 'the engine uses port 4500',
  leftsendcert: 'is always sent',
  leftupdown: NO_COMMANDS,
  mark: NOT_HERE,
  mark_in: NOT_HERE,
  mark_out: NOT_HERE,
  reauth: 'cannot be mapped: the IKE SA is rekeyed instead',
  rekey: 'cannot be mapped: SAs are always rekeyed',
  reqid: NOT_HERE,
  rightsendcert: 'is for gateways',
  rightsourceip: 'is for gateways',
  tfc: 'cannot be mapped',
  xauth: 'is of IKEv1',
  xauth_identity: 'is of IKEv1',
};

const unquote = (value: string): string => /^"(.*)"$/s.exec(value)?.[1] ?? value;

/** Sections of the file by name, with `conn %default` and `also` worked in. */
export function readIpsecConf(text: string): Result<ReadonlyMap<string, Conn>, string> {
  const conns = new Map<string, Conn>();
  const setup: Conn = new Map();
  let current: Conn | undefined;
  for (const line of text.split(/\r?\n/, MAX_LINES)) {
    const head = /^(conn|config|ca|include)\s+(\S+)/.exec(line);
    if (head) {
      current = undefined;
      if (head[1] === 'config') current = setup;
      if (head[1] !== 'conn') continue;
      current = conns.get(head[2] ?? '') ?? new Map();
      conns.set(head[2] ?? '', current);
      if (conns.size > MAX_CONNS) return err('has too many connections');
    } else if (current && /^\s+[^\s#]/.test(line)) {
      const at = line.indexOf('=');
      if (at < 0) continue;
      const value = line.slice(at + 1).trim();
      const plain = value.startsWith('"') ? value.replace(/"\s+#.*$/, '"') : value.replace(/\s+#.*$/, '');
      const key = line.slice(0, at).trim().toLowerCase();
      const before = key === 'also' ? current.get(key) : undefined;
      current.set(key, before === undefined ? unquote(plain) : `${before},${unquote(plain)}`);
    }
  }
  const policy = setup.get('strictcrlpolicy');
  if (policy !== undefined)
    for (const conn of conns.values()) if (!conn.has('strictcrlpolicy')) conn.set('strictcrlpolicy', policy);
  return ok(conns);
}

const alsoOf = (conn: Conn | undefined): readonly string[] =>
  (conn?.get('also') ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

/** Hosts in `right`: neither `%any` nor a range of addresses that may connect. */
const gateways = (right: string | undefined): readonly string[] =>
  (right ?? '')
    .split(',')
    .map((host) => host.trim())
    .filter((host) => host !== '' && !host.startsWith('%') && !/[/-]\d/.test(host));

function inherited(name: string, conns: ReadonlyMap<string, Conn>): Conn {
  const values: Conn = new Map();
  const seen = new Set<string>();
  const take = (from: string): void => {
    if (seen.has(from)) return;
    seen.add(from);
    const own = conns.get(from);
    for (const [key, value] of own ?? []) if (key !== 'also' && !values.has(key)) values.set(key, value);
    for (const also of alsoOf(own)) take(also);
  };
  take(name);
  take('%default');
  return values;
}

/** Lines `owners : KIND "secret"`. */
export function readIpsecSecrets(text: string): IpsecSecret[] {
  const secrets: IpsecSecret[] = [];
  for (const line of text.split(/\r?\n/, MAX_LINES)) {
    const match = /^([^#"]*?|"[^"]*"\s*):\s*([A-Za-z0-9]+)\s+(.*)$/.exec(line.slice(0, 10_000));
    if (!match) continue;
    const kind = (match[2] ?? '').toUpperCase();
    const values = [...(match[3] ?? '').matchAll(/"([^"]*)"|'([^']*)'|([^\s#"']+)/g)].map(
      ([, double, single, bare]) => {
        const quoted = double ?? single ?? '';
        return bare ?? (kind === 'PSK' ? literalPsk(quoted) : quoted);
      },
    );
    const owners = (match[1] ?? '')
      .trim()
      .split(/\s+/)
      .filter((owner) => owner !== '')
      .map(unquote);
    secrets.push({ owners, kind, values });
  }
  return secrets;
}

function psk(secrets: readonly IpsecSecret[], ids: readonly string[]): string | undefined {
  const fitting = secrets
    .filter(({ kind }) => kind === 'PSK')
    .map((one) => ({ one, score: one.owners.filter((owner) => ids.includes(owner)).length }))
    .filter(({ one, score }) => score > 0 || one.owners.length === 0 || one.owners.every((o) => o === '%any'))
    .sort((a, b) => b.score - a.score);
  return fitting[0]?.one.values[0];
}

function lifetimes(mapping: Mapping, from: Fields): void {
  const both = [
    ['ikelifetime', 'ike'],
    [from.take('lifetime') === undefined ? 'keylife' : 'lifetime', 'esp'],
  ] as const;
  for (const [key, ours] of both) {
    const value = from.take(key);
    if (value !== undefined) mapping.set(from.at(key), `${ours}.lifetime`, value);
    const marginKey = from.take('margintime') === undefined ? 'rekeymargin' : 'margintime';
    const margin = from.take(marginKey);
    if (margin !== undefined) mapping.set(from.at(marginKey), `${ours}.margin`, margin);
    const fuzz = from.take('rekeyfuzz');
    if (fuzz !== undefined) mapping.set(from.at('rekeyfuzz'), `${ours}.fuzz`, fuzz);
  }
  for (const key of ['lifebytes', 'marginbytes', 'lifepackets', 'marginpackets']) {
    const value = from.take(key);
    if (value !== undefined && /^[0-9]{1,15}$/.test(value))
      mapping.set(from.at(key), `esp.${key}`, Number(value));
  }
}

function eapAuth(
  mapping: Mapping,
  from: Fields,
  secrets: readonly IpsecSecret[],
  foreign: string,
  method: string,
  round: EapRound = 'local.auth',
): void {
  const idKey = round === 'local.auth' ? 'leftid' : 'leftid2';
  const identity = from.take('eap_identity');
  const named = identity !== undefined && !identity.startsWith('%');
  const user = named ? identity : from.take(idKey);
  const fitting = secrets.filter(({ kind }) => kind === 'EAP' || kind === 'XAUTH');
  const found =
    fitting.find(({ owners }) => user !== undefined && owners.includes(user)) ??
    fitting.find(({ owners }) => owners.length === 0);
  // Without a name of its own, the only one that has a password is meant.
  const [only] = fitting.length === 1 ? fitting : [];
  const owner = only?.owners.length === 1 ? only.owners[0] : undefined;
  const [name, at] =
    user === undefined ? [owner, 'ipsec.secrets: EAP'] : [user, from.at(named ? 'eap_identity' : idKey)];
  const password = (found ?? (user === undefined ? only : undefined))?.values[0];
  mapEap(mapping, {
    round,
    foreign,
    method,
    ...(name === undefined ? {} : { username: [at, name] }),
    ...(password === undefined || password === '%prompt'
      ? {}
      : { password: ['ipsec.secrets: EAP', password] }),
  });
}

function auth(mapping: Mapping, from: Fields, secrets: readonly IpsecSecret[], ids: readonly string[]): void {
  const by = from.take('authby');
  const shared = by === 'secret' || by === 'psk';
  const own = from.take('leftauth') ?? (shared ? 'psk' : 'pubkey');
  const ownKey = from.take('leftauth') === undefined && by !== undefined ? 'authby' : 'leftauth';
  if (own.startsWith('xauth'))
    mapping.unmapped(from.at(ownKey), `cannot be mapped: ${quote(own)} is of IKEv1`, 'local.auth');
  else if (own.startsWith('eap') && !isEapTls(own)) eapAuth(mapping, from, secrets, from.at(ownKey), own);
  else if (own === 'psk') {
    const secret = psk(secrets, ids);
    if (secret === undefined)
      mapping.unmapped(
        from.at(ownKey),
        'no PSK of ipsec.secrets fits: give the pre-shared key',
        'local.auth.psk',
      );
    else mapping.set('ipsec.secrets: PSK', 'local.auth.psk', secret);
  } else {
    if (isEapTls(own)) mapEap(mapping, { foreign: from.at(ownKey), method: own });
    certificate(mapping, from, secrets);
  }
  const second = from.take('leftauth2');
  if (second !== undefined) secondAuth(mapping, from, secrets, second);
  const aaa = from.take('aaa_identity');
  if (aaa !== undefined) mapAaaId(mapping, from.at('aaa_identity'), aaa);
  const peer = from.take('rightauth') ?? (shared ? 'psk' : 'pubkey');
  const peerKey = from.take('rightauth') === undefined && by !== undefined ? 'authby' : 'rightauth';
  if (peer.startsWith('eap')) {
    mapEapOnly(mapping, from.at(peerKey), peer);
    trust(mapping, from);
  } else {
    const kind = peer === 'psk' ? 'psk' : 'pubkey';
    const plain = /^(psk|pubkey|secret)$/.test(peer);
    mapping.set(
      from.at(peerKey),
      'remote.auth',
      kind,
      plain ? undefined : 'constraints on signatures cannot be mapped',
    );
    if (kind === 'pubkey') trust(mapping, from);
  }
  from.pass(mapping, ROUNDS);
}

const ROUNDS: Readonly<Record<string, string>> = {
  leftid2: 'has no effect without the second round',
  leftcert2: 'has no effect without the second round',
  rightauth2: 'cannot be mapped: the gateway proves itself in one round',
  rightid2: 'cannot be mapped: the gateway proves itself in one round',
  rightca2: 'cannot be mapped: the gateway proves itself in one round',
};

/** The round behind the first (RFC 4739). */
function secondAuth(mapping: Mapping, from: Fields, secrets: readonly IpsecSecret[], method: string): void {
  const problem = secondRoundProblem(mapping, method);
  if (problem !== undefined) {
    mapping.unmapped(from.at('leftauth2'), problem, 'local.auth2');
    return;
  }
  eapAuth(mapping, from, secrets, from.at('leftauth2'), method, 'local.auth2');
  const id = from.take('leftid2');
  if (id !== undefined && id !== mapping.get('local.auth2.username'))
    mapping.set(from.at('leftid2'), 'local.id2', id);
}

const file = (folder: string, name: string): string =>
  name.startsWith('/') ? name : `ipsec.d/${folder}/${name}`;
const FILE = 'a file below /etc';

function certificate(mapping: Mapping, from: Fields, secrets: readonly IpsecSecret[]): void {
  const own = from.take('leftcert');
  if (own !== undefined) mapping.set(from.at('leftcert'), 'local.auth.certificate', file('certs', own), FILE);
  const keys = secrets.filter(({ kind }) => /^(RSA|ECDSA|PKCS8|P12|BLISS)$/.test(kind));
  const [only] = keys;
  const path = only?.values[0];
  if (!only || path === undefined || keys.length > 1)
    mapping.unmapped(
      'ipsec.secrets',
      'does not say which key goes with the certificate: name its file',
      'local.auth.key',
    );
  else if (only.kind === 'P12')
    mapping.file('ipsec.secrets: P12', {
      path: file('private', path),
      ours: 'local.auth',
      ...(only.values[1] === undefined || only.values[1] === '%prompt' ? {} : { passphrase: only.values[1] }),
    });
  else {
    mapping.set(`ipsec.secrets: ${only.kind}`, 'local.auth.key', file('private', path), FILE);
    const passphrase = only.values[1];
    if (passphrase === '%prompt')
      mapping.unmapped('ipsec.secrets: %prompt', 'give the passphrase', 'local.auth.passphrase');
    else if (passphrase !== undefined)
      mapping.set('ipsec.secrets: passphrase', 'local.auth.passphrase', passphrase);
  }
}

function trust(mapping: Mapping, from: Fields): void {
  const peer = from.take('rightcert');
  if (peer !== undefined) mapping.set(from.at('rightcert'), 'remote.anchors', [file('certs', peer)], FILE);
  else
    mapping.unmapped(
      'ipsec.d/cacerts',
      'strongSwan trusts every CA in this folder, here they must be named',
      'remote.anchors',
    );
  if (from.take('rightca') !== undefined)
    mapping.unmapped(from.at('rightca'), 'names a CA by its subject: give its certificate', 'remote.anchors');
}

function connection(name: string, values: Conn, secrets: readonly IpsecSecret[]): ImportedProfile {
  const mapping = new Mapping();
  const from = new Fields(values, `conn ${name}: `);
  mapping.name(`conn ${name}`, name);
  const child = ['children', String(mapping.get('name'))];
  const exchange = from.take('keyexchange');
  if (exchange === 'ikev1') mapping.unmapped(from.at('keyexchange'), 'cannot be mapped: IKEv1');
  else if (exchange !== undefined) mapping.same(from.at('keyexchange'), 'ike');
  const type = from.take('type');
  if (type !== undefined && type !== 'tunnel')
    mapping.unmapped(from.at('type'), `cannot be mapped: ${quote(type)} is not tunnel mode`);
  const hosts = gateways(from.take('right'));
  if (hosts.length > 0) mapping.set(from.at('right'), 'gateway.hosts', hosts);
  else
    mapping.unmapped(
      from.at('right'),
      'names no gateway: this side waits for others to connect',
      'gateway.hosts',
    );
  const port = from.take('rightikeport');
  if (port !== undefined && /^[0-9]{1,5}$/.test(port))
    mapping.set(
      from.at('rightikeport'),
      'gateway.port',
      port === '500' ? 4500 : Number(port),
      port === '500' ? 'everything goes through port 4500' : undefined,
    );
  const [localId, remoteId] = [from.take('leftid'), from.take('rightid')];
  if (localId !== undefined) mapping.set(from.at('leftid'), 'local.id', localId);
  if (remoteId !== undefined)
    mapping.set(from.at('rightid'), 'remote.id', remoteId.replace(/^%/, remoteId === '%any' ? '%' : ''));
  auth(
    mapping,
    from,
    secrets,
    [localId, remoteId, ...hosts].filter((id) => id !== undefined),
  );
  for (const [key, ours] of [
    ['ike', 'ike'],
    ['esp', 'esp'],
  ] as const) {
    const texts =
      from
        .take(key)
        ?.split(',')
        .map((text) => text.trim()) ?? [];
    const strict = texts.at(-1)?.endsWith('!') === true;
    // `!` closes the whole list there, and a single proposal here.
    mapping.proposals(
      from.at(key),
      `${ours}.proposals`,
      texts.map((text) => (strict ? `${text.replace(/!$/, '')}!` : text)),
      ours,
    );
  }
  lifetimes(mapping, from);
  const source = from.list('leftsourceip');
  if (source.length === 0)
    mapping.set(
      from.at('leftsourceip'),
      'virtualIp',
      { ipv4: false, ipv6: false },
      'no virtual address is asked for',
    );
  else {
    const any = source.includes('%config') || source.includes('%modeconfig');
    const ipv4 = any || source.some((ip) => ip === '%config4' || ip.includes('.'));
    const ipv6 = source.some((ip) => ip === '%config6' || ip.includes(':'));
    mapping.set(
      from.at('leftsourceip'),
      'virtualIp',
      { ipv4, ipv6 },
      source.every((ip) => ip.startsWith('%')) ? undefined : 'the gateway chooses the address',
    );
  }
  mapping.set(`conn ${name}`, child, {});
  for (const [key, ours] of [
    ['leftsubnet', 'local'],
    ['rightsubnet', 'remote'],
  ] as const) {
    const list = from.list(key);
    if (list.length > 0) mapping.set(from.at(key), [...child, ours], list);
    else if (ours === 'remote')
      mapping.unmapped(
        from.at(key),
        'is missing: strongSwan means the gateway alone, here it means everything',
        child.concat(ours).join('.'),
      );
  }
  const window = from.take('replay_window');
  if (window !== undefined && /^[0-9]{1,5}$/.test(window))
    mapping.set(from.at('replay_window'), 'esp.replayWindow', Math.ceil(Number(window) / 32) * 32);
  const encap = from.take('forceencaps');
  if (encap !== undefined)
    mapping.set(from.at('forceencaps'), 'encapsulation', encap === 'yes' ? 'forced' : 'auto');
  const mobike = from.take('mobike');
  if (mobike !== undefined) mapping.set(from.at('mobike'), 'ike.mobike', mobike === 'yes');
  importKeyingtries(mapping, from);
  importInactivity(mapping, from, ['esp']);
  const delay = from.take('dpddelay');
  if (delay !== undefined) mapping.set(from.at('dpddelay'), 'dpd.delay', delay);
  const action = from.take('dpdaction');
  if (action !== undefined && /^(none|clear|hold|restart)$/.test(action))
    mapping.set(from.at('dpdaction'), 'dpd.action', action);
  const fragments = from.take('fragmentation');
  if (fragments !== undefined)
    mapping.set(from.at('fragmentation'), 'fragmentation.enabled', !/^(no|accept)$/.test(fragments));
  const dns = from.list('leftdns');
  if (dns.length > 0) mapping.unmapped(from.at('leftdns'), 'DNS servers are always asked for', 'dns');
  const revocation = from.take('strictcrlpolicy');
  if (revocation !== undefined && mapping.get('remote.auth') !== 'psk')
    mapRevocation(mapping, 'config setup: strictcrlpolicy', revocation);
  from.pass(mapping, PASSED);
  from.rest(mapping);
  return mapping.result();
}

export function importIpsecConf(
  conns: ReadonlyMap<string, Conn>,
  secrets: readonly IpsecSecret[],
): ImportedProfile[] {
  const all = [...conns.keys()]
    .filter((name) => name !== '%default')
    .map((name) => ({ name, values: inherited(name, conns) }));
  const taken = new Set([...conns.values()].flatMap((conn) => alsoOf(conn)));
  // What others take in and what names no gateway is a part of connections, not one of them.
  const whole = all.filter(
    ({ name, values }) => !taken.has(name) || gateways(values.get('right')).length > 0,
  );
  return (whole.length > 0 ? whole : all).map(({ name, values }) => connection(name, values, secrets));
}

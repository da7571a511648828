/** Profiles of strongSwan's Android client: `.sswan`, JSON (docs.strongswan.org, "VPN Profile Import"). */
import { isRecord } from '../inline.ts';
import { parseBase64 } from '../psk.ts';
import { mapEap } from './eap.ts';
import { type ImportedProfile, Mapping } from './mapping.ts';

/** Types of the app: by certificate, by EAP, by both one after the other (RFC 4739). */
const KINDS: Readonly<Record<string, { readonly cert: boolean; readonly eap?: string }>> = {
  'ikev2-cert': { cert: true },
  'ikev2-eap': { cert: false, eap: 'eap' },
  'ikev2-cert-eap': { cert: true, eap: 'eap' },
  'ikev2-eap-tls': { cert: true, eap: 'eap-tls' },
  'ikev2-byod-eap': { cert: false, eap: 'eap' },
};

export const isSswan = (value: unknown): value is Record<string, unknown> =>
  isRecord(value) &&
  typeof value.type === 'string' &&
  value.type.startsWith('ikev2-') &&
  isRecord(value.remote);

/** A JSON object flattened: `remote.addr` and so on; lists and scalars are leaves. */
class Leaves {
  readonly #values = new Map<string, unknown>();

  constructor(value: Record<string, unknown>) {
    for (const [key, inner] of Object.entries(value))
      if (isRecord(inner))
        for (const [sub, leaf] of Object.entries(inner)) this.#values.set(`${key}.${sub}`, leaf);
      else this.#values.set(key, inner);
  }

  take(key: string): unknown {
    const value = this.#values.get(key);
    this.#values.delete(key);
    return value;
  }

  text(key: string): string | undefined {
    const value = this.take(key);
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
  }

  /** A list, or a text with spaces between the items. */
  list(key: string): string[] {
    const value = this.take(key);
    if (typeof value === 'string') return value.split(/[\s,]+/).filter((item) => item !== '');
    return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
  }

  get rest(): Iterable<string> {
    return this.#values.keys();
  }
}

function bundle(mapping: Mapping, from: Leaves, key: string, ours: 'local.auth' | 'remote.anchors'): void {
  const text = from.text(key);
  if (text === undefined) return;
  const octets = parseBase64(text.replaceAll(/\s+/g, ''));
  if (!octets) mapping.unmapped(key, 'is not Base64', ours);
  else mapping.bundle({ octets, foreign: key, ours });
}

function splitTunnel(mapping: Mapping, from: Leaves, child: string): void {
  const subnets = from.list('split-tunneling.subnets');
  if (subnets.length > 0)
    mapping.set(
      'split-tunneling.subnets',
      ['children', child, 'remote'],
      subnets,
      'also asked of the gateway',
    );
  const excluded = from.list('split-tunneling.excluded');
  if (excluded.length > 0)
    mapping.unmapped('split-tunneling.excluded', 'cannot be mapped: no network can be left out', 'routes');
  for (const [key, family] of [
    ['split-tunneling.block-ipv4', 'IPv4'],
    ['split-tunneling.block-ipv6', 'IPv6'],
  ] as const)
    if (from.take(key) === true)
      mapping.unmapped(key, `cannot be mapped: ${family} outside the tunnel is not blocked`, 'routes');
}

function authentication(mapping: Mapping, from: Leaves, type: string): void {
  const user = from.text('local.eap_id');
  const kind = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
  if (!kind) {
    mapping.unmapped('type', `the type "${type.slice(0, 40)}" is not known`, 'local.auth');
    return;
  }
  mapping.set('type', 'remote.auth', 'pubkey');
  const round = kind.cert && kind.eap === 'eap' ? 'local.auth2' : 'local.auth';
  if (kind.eap !== undefined)
    mapEap(mapping, {
      round,
      foreign: 'type',
      method: kind.eap,
      ...(user === undefined ? {} : { username: ['local.eap_id', user] }),
    });
  if (type === 'ikev2-byod-eap')
    mapping.unmapped('type', 'cannot be mapped: the state of this machine is not measured');
  if (user !== undefined && mapping.get(`${round}.username`) === undefined)
    mapping.unmapped('local.eap_id', 'has no effect without EAP', 'local.auth.username');
}

/** CRL and OCSP are on there unless the file says otherwise. */
function revocation(mapping: Mapping, from: Leaves): void {
  const value = from.take('remote.revocation');
  if (!isRecord(value)) return;
  const mode = value.strict === true ? 'strict' : 'relaxed';
  mapping.set('remote.revocation', 'remote.revocation', {
    crl: value.crl === false ? 'off' : mode,
    ocsp: value.ocsp === false ? 'off' : mode,
  });
}

export function importSswan(value: Record<string, unknown>): ImportedProfile {
  const mapping = new Mapping();
  const from = new Leaves(value);
  const type = from.text('type') ?? '';
  mapping.name('name', from.text('name') ?? 'imported');
  const address = from.text('remote.addr');
  if (address !== undefined) mapping.set('remote.addr', 'gateway.hosts', [address]);
  else mapping.unmapped('remote.addr', 'is missing: the gateway has no address', 'gateway.hosts');
  const port = from.take('remote.port');
  if (typeof port === 'number') mapping.set('remote.port', 'gateway.port', port);
  authentication(mapping, from, type);
  revocation(mapping, from);
  const id = from.text('remote.id');
  if (id !== undefined) mapping.set('remote.id', 'remote.id', id);
  bundle(mapping, from, 'remote.cert', 'remote.anchors');
  bundle(mapping, from, 'local.p12', 'local.auth');
  if (mapping.result().bundles.every(({ ours }) => ours !== 'remote.anchors'))
    mapping.unmapped(
      'remote.cert',
      'is missing: Android trusts every CA of its own then, here the CA must be named (it may be in local.p12)',
      'remote.anchors',
    );
  const localId = from.text('local.id');
  if (localId !== undefined) {
    mapping.set('local.id', 'local.id', localId);
    // The app goes by one name in both rounds, and by the user's inside of EAP.
    if (mapping.get('local.auth2') !== undefined) mapping.set('local.id', 'local.id2', localId);
  }
  const child = String(mapping.get('name'));
  const ike = from.text('ike-proposal');
  if (ike !== undefined) mapping.proposals('ike-proposal', 'ike.proposals', ike.split(','), 'ike');
  const esp = from.text('esp-proposal');
  if (esp !== undefined) mapping.proposals('esp-proposal', 'esp.proposals', esp.split(','), 'esp');
  const keepalive = from.take('nat-keepalive');
  if (typeof keepalive === 'number') mapping.set('nat-keepalive', 'keepalive', keepalive);
  const mtu = from.take('mtu');
  if (typeof mtu === 'number') mapping.set('mtu', 'mtu', mtu);
  if (from.take('local.rsa-pss') === true) mapping.set('local.rsa-pss', 'ike.preferPss', true);
  splitTunnel(mapping, from, child);
  const servers = from.list('dns-servers');
  if (servers.length > 0) mapping.set('dns-servers', 'dns.servers', servers);
  const silent: Readonly<Record<string, string>> = {
    uuid: 'names the profile for Android only',
    'remote.certreq': 'certificate requests are always sent',
    apps: 'cannot be mapped: the tunnel is for every program',
    'excluded-apps': 'cannot be mapped: the tunnel is for every program',
    'ipv6-transport': 'addresses of both families are tried anyway',
  };
  for (const key of [...from.rest])
    mapping.unmapped(
      key,
      Object.hasOwn(silent, key) ? (silent[key] as string) : 'is not known here and has no effect',
    );
  return mapping.result();
}

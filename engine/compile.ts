/** From a profile to what a tunnel runs on: the session's configuration, the plan, keys and trust. */
import { ApiError, localFailure } from './api/failure.ts';
import { utf8 } from './base/bytes.ts';
import { err, ok } from './base/result.ts';
import type { Secret } from './base/secret.ts';
import type { EapAuthConfig, Identity, IkeConfig, LocalAuth, PpkConfig, RemoteAuth } from './ike/contract.ts';
import { needsPassword } from './ike/eap/method.ts';
import { type ExpectedPeer, expectedPeer } from './peer-filter.ts';
import { createCredentials } from './pki/answer.ts';
import { authorityHashes, chainOf, chooseLeaf, type OwnCredential } from './pki/authorities.ts';
import type { Certificate } from './pki/certificate.ts';
import { PkiError } from './pki/error.ts';
import { parseIdentity } from './pki/identity.ts';
import { ID_TYPE } from './pki/identity-text.ts';
import { loadBundle } from './pki/load.ts';
import type { RevocationOptions } from './pki/revocation/check.ts';
import { ownResponses } from './pki/revocation/own-status.ts';
import {
  keyPairOf,
  type Profile,
  type ProfileEapAuth,
  type ProfileKeyPair,
  type ProfileRemoteAuth,
} from './profile/profile.ts';
import type { TunnelPlan } from './tunnel/plan.ts';
import type { Missing, Ready } from './tunnel/user-secrets.ts';

/** What the gateway may send beyond what was asked is ignored, so nothing is asked that nobody would use. */
function virtualIp(profile: Profile): IkeConfig['virtualIp'] {
  const { ipv4, ipv6 } = profile.virtualIp;
  return { ipv4, ipv6, dns: profile.dns.mode === 'use' && (ipv4 || ipv6) };
}

function invalid(field: string, cause: unknown): ApiError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new ApiError(localFailure('PROFILE_INVALID', `${field}: ${message}`));
}

function identity(field: string, text: string): Identity {
  try {
    return parseIdentity(text);
  } catch (cause) {
    throw invalid(field, cause);
  }
}

function ownCredential(auth: ProfileKeyPair, path = 'local.auth'): OwnCredential {
  const passphrase = auth.passphrase && new TextDecoder().decode(auth.passphrase.expose());
  const certificates = load(`${path}.certificate`, [auth.certificate, ...auth.chain].join('\n'));
  const keys = load(`${path}.key`, new TextDecoder().decode(auth.key.expose()), passphrase);
  const own = chooseLeaf({ certificates: certificates.certificates, keys: keys.keys }, []);
  if (!own)
    throw invalid(
      `${path}.key`,
      new Error(`the key does not belong to the certificate in ${path}.certificate`),
    );
  return own;
}

function load(field: string, pem: string, passphrase?: string): ReturnType<typeof loadBundle> {
  try {
    return loadBundle(pem, passphrase === undefined ? {} : { passphrase });
  } catch (cause) {
    if (cause instanceof PkiError) throw invalid(field, cause);
    throw cause;
  }
}

function anchorsOf(auth: ProfileRemoteAuth): readonly Certificate[] {
  if (auth.kind === 'psk') return [];
  const anchors = auth.anchors.flatMap((pem, i) => load(`remote.anchors[${i}]`, pem).certificates);
  if (anchors.length === 0) throw invalid('remote.anchors', new Error('there is no certificate in it'));
  return anchors;
}

function localIdentity(profile: Profile, own: OwnCredential | undefined): Identity | undefined {
  const { id, auth } = profile.local;
  if (id !== undefined) return identity('local.id', id);
  if (auth.kind === 'eap' && !own) return identity('local.auth.username', auth.username);
  return own && { idType: ID_TYPE.DER_ASN1_DN, data: own.leaf.subject.der };
}

/** Without a name, EAP-TLS says who we are as the certificate does. */
function eapConfig(auth: ProfileEapAuth, own: OwnCredential | undefined): EapAuthConfig {
  const { kind, methods, username, password, identity, phase2, tls } = auth;
  const login = { kind, methods, password, phase2, tls };
  if (identity !== '' || !own) return { ...login, username, identity };
  const names = own.leaf.altNames.flatMap((name) =>
    name.kind === 'email' || name.kind === 'dns' ? [name.value] : [],
  );
  const name = names[0] ?? own.leaf.subject.toString();
  return { ...login, username: name, identity: name };
}

function remoteConfig(remote: ProfileRemoteAuth, anchors: readonly Certificate[]): RemoteAuth {
  if (remote.kind === 'psk')
    return { kind: 'psk', secret: () => remote.secret, authorities: new Uint8Array() };
  return {
    kind: remote.eapOnly ? 'eap' : 'pubkey',
    authorities: authorityHashes(anchors),
    askOcsp: asksOcsp(remote),
    ...(remote.aaaId === undefined ? {} : { aaaId: identity('remote.aaaId', remote.aaaId) }),
  };
}

function peerOf(profile: Profile): ExpectedPeer {
  try {
    return expectedPeer(profile);
  } catch (cause) {
    if (cause instanceof PkiError) throw invalid(cause.field ?? 'remote.id', cause);
    throw cause;
  }
}

function ppkConfig({ ike: { ppk } }: Profile): PpkConfig | undefined {
  return ppk && { id: utf8(ppk.id), secret: () => ppk.secret, required: ppk.required };
}

/** How revocation is asked for; without it nothing is. */
export type Online = Omit<RevocationOptions, 'modes'>;

export interface CompiledPlan extends Ready {
  readonly missing?: Missing;
}

/** Whether the key is encrypted and the profile does not say with what. */
function isLocked({ key, passphrase }: ProfileKeyPair): boolean {
  if (passphrase) return false;
  try {
    loadBundle(new TextDecoder().decode(key.expose()));
    return false;
  } catch (cause) {
    return cause instanceof PkiError && cause.code === 'passphrase-needed';
  }
}

/** The key is opened at each connection anew, and stays closed until then. */
const lockedKey = (auth: ProfileKeyPair, compile: (own: OwnCredential) => Ready): Missing => ({
  kind: 'passphrase',
  complete: (passphrase) => {
    try {
      return ok(compile(ownCredential({ ...auth, passphrase })));
    } catch (cause) {
      if (cause instanceof ApiError) return err(cause.message);
      throw cause;
    }
  },
});

const missingPassword = (auth: Extract<LocalAuth, { kind: 'eap' }>, ready: Ready): Missing => ({
  kind: 'password',
  user: auth.username,
  complete: (password: Secret) => {
    const ike = { ...ready.plan.ike, localAuth: { ...auth, password } };
    return ok({ ...ready, plan: { ...ready.plan, ike } });
  },
});

const asksOcsp = (remote: ProfileRemoteAuth): boolean =>
  remote.kind === 'pubkey' && remote.revocation.ocsp !== 'off';

/** The issuer is among what we send, or whom both sides trust. */
function ownStatus(
  { leaf, chain }: OwnCredential,
  anchors: readonly Certificate[],
  online: Online,
  at: number,
  allowLegacy: boolean,
): Promise<readonly Uint8Array[]> {
  const issuer = chainOf(leaf, [...chain, ...anchors])[1];
  return ownResponses(leaf, issuer, online, { at, allowLegacy });
}

/** @throws ApiError `PROFILE_INVALID` for keys and certificates that do not fit, naming the field */
export function compilePlan(
  profile: Profile,
  now: () => number,
  warn: (text: string) => void,
  online?: Online,
): CompiledPlan {
  const { auth } = profile.local;
  const pair = keyPairOf(auth);
  const build = (own: OwnCredential | undefined): Ready => readyPlan(profile, own, now, warn, online);
  if (pair && isLocked(pair)) return { ...build(undefined), missing: lockedKey(pair, build) };
  const ready = build(pair && ownCredential(pair));
  const { localAuth } = ready.plan.ike;
  if (localAuth.kind !== 'eap' || localAuth.password) return ready;
  if (!localAuth.methods.some((method) => needsPassword(method, localAuth.phase2))) return ready;
  return { ...ready, missing: missingPassword(localAuth, ready) };
}

function readyPlan(
  profile: Profile,
  own: OwnCredential | undefined,
  now: () => number,
  warn: (text: string) => void,
  online: Online | undefined,
): Ready {
  const { auth, auth2, id2 } = profile.local;
  const own2 = auth2?.own && ownCredential(auth2.own, 'local.auth2');
  const anchors = anchorsOf(profile.remote.auth);
  const { id: remoteId, filter } = peerOf(profile);
  const credentials = createCredentials({
    filter,
    ...(own ? { key: own.key } : {}),
    eapOwn: own2 ?? (auth.kind === 'eap' ? own : undefined),
    anchors,
    now,
    warn,
    eku: profile.remote.auth.kind === 'pubkey' ? profile.remote.auth.eku : 'enforce',
    allowLegacy: profile.allowLegacy,
    ...(online && profile.remote.auth.kind === 'pubkey'
      ? { revocation: { ...online, modes: profile.remote.auth.revocation } }
      : {}),
    ...(online && own && asksOcsp(profile.remote.auth)
      ? { ownOcsp: () => ownStatus(own, anchors, online, now(), profile.allowLegacy) }
      : {}),
  });
  const localAuth: LocalAuth =
    auth.kind === 'pubkey'
      ? { kind: 'pubkey', chain: own?.chain.map((c) => c.der) ?? [] }
      : auth.kind === 'eap'
        ? eapConfig(auth, own)
        : auth;
  const second = auth2 && eapConfig(auth2, own2);
  const remoteAuth = remoteConfig(profile.remote.auth, anchors);
  const localId = localIdentity(profile, own);
  const ppk = ppkConfig(profile);
  const children = profile.children.map(({ volume, ...child }) => ({ ...child, limits: volume }));
  const plan: TunnelPlan = {
    name: profile.name,
    hosts: profile.gateway.hosts,
    port: profile.gateway.port,
    redirects: { follow: profile.gateway.followRedirects, to: profile.gateway.redirectTo },
    ike: {
      role: 'initiator',
      encapsulation: profile.encapsulation,
      ...(localId ? { localId } : {}),
      localAuth,
      ...(second ? { secondAuth: { id: identity('local.id2', id2 ?? second.username), auth: second } } : {}),
      ...(remoteId ? { remoteId } : {}),
      sendRemoteId: profile.remote.sendId && remoteId !== undefined,
      remoteAuth,
      proposals: profile.ike.proposals,
      lifetime: profile.ike.lifetime,
      children,
      virtualIp: virtualIp(profile),
      liveness: {
        delay: profile.dpd.action === 'none' ? (0 as typeof profile.dpd.delay) : profile.dpd.delay,
      },
      retransmission: profile.retransmission,
      fragmentation: profile.fragmentation,
      initialContact: profile.ike.initialContact,
      mobike: profile.ike.mobike,
      preferPss: profile.ike.preferPss,
      childless: profile.ike.childless,
      ...(ppk ? { ppk } : {}),
    },
    children,
    reauth: profile.ike.reauth,
    dpdAction: profile.dpd.action,
    keyingtries: profile.ike.keyingtries,
    keepaliveSeconds: Math.round(profile.keepalive / 1000),
    interface: profile.interface,
    mtu: profile.mtu,
    routes: profile.routes.mode === 'auto' ? 'selectors' : 'none',
    extraRoutes: profile.routes.extra,
    dns: profile.dns.mode,
    extraDns: profile.dns.servers,
    domains: profile.dns.domains,
    killSwitch: profile.killSwitch,
    patience: profile.patience,
  };
  return { plan, credentials };
}

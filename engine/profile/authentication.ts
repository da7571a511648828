/** Who we are, who the gateway is, and how each proves it: the `local` and `remote` parts of a profile. */
import { utf8, wipe } from '../base/bytes.ts';
import { Secret } from '../base/secret.ts';
import { type Findings, psk } from './fields.ts';
import { isPem } from './inline.ts';
import type { Profile, ProfileLocalAuth, ProfilePpk, ProfileRemoteAuth } from './profile.ts';
import type { LocalAuthDocument, ProfileDocument } from './schema.ts';

function pem(found: Findings, path: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (isPem(text)) return text;
  found.problem(path, 'is neither PEM text nor a file that was read');
  return undefined;
}

function pemList(found: Findings, path: string, value: string | readonly string[] | undefined): string[] {
  const list = typeof value === 'string' ? [value] : (value ?? []);
  return list.flatMap(
    (text, i) => pem(found, typeof value === 'string' ? path : `${path}[${i}]`, text) ?? [],
  );
}

function secretText(text: string): Secret {
  const bytes = utf8(text);
  const secret = new Secret(bytes);
  wipe(bytes);
  return secret;
}

export function localAuth(found: Findings, { local }: ProfileDocument): ProfileLocalAuth | undefined {
  const { auth } = local;
  const path = 'local.auth';
  if (auth.eap !== undefined) return eapAuth(found, auth, auth.eap);
  for (const key of ['username', 'password', 'eapId'] as const)
    if (auth[key] !== undefined) found.problem(`${path}.${key}`, 'has a meaning with eap only');
  if (auth.psk !== undefined) {
    for (const key of ['certificate', 'key', 'passphrase', 'chain'] as const)
      if (auth[key] !== undefined) found.problem(`${path}.${key}`, 'does not go together with psk');
    const secret = psk(found, `${path}.psk`, auth.psk);
    return secret && { kind: 'psk', secret };
  }
  if (auth.certificate === undefined && auth.key === undefined) {
    found.problem(path, 'psk is missing (or a certificate with its key, or eap with a user name)');
    return undefined;
  }
  if (auth.key === undefined)
    found.problem(`${path}.key`, 'is missing: the certificate needs its private key');
  if (auth.certificate === undefined)
    found.problem(`${path}.certificate`, 'is missing: the key needs its certificate');
  const certificate = pem(found, `${path}.certificate`, auth.certificate);
  const key = pem(found, `${path}.key`, auth.key);
  const chain = pemList(found, `${path}.chain`, auth.chain);
  if (certificate === undefined || key === undefined) return undefined;
  const passphrase = auth.passphrase === undefined ? undefined : secretText(auth.passphrase);
  return { kind: 'pubkey', certificate, key: secretText(key), passphrase, chain };
}

/** User name and password; never together with what else could prove us. */
function eapAuth(
  found: Findings,
  auth: LocalAuthDocument,
  eap: NonNullable<LocalAuthDocument['eap']>,
): ProfileLocalAuth | undefined {
  const path = 'local.auth';
  for (const key of ['psk', 'certificate', 'key', 'passphrase', 'chain'] as const)
    if (auth[key] !== undefined) found.problem(`${path}.${key}`, 'does not go together with eap');
  const { username, password } = auth;
  if (username === undefined) found.problem(`${path}.username`, 'is missing: eap needs it');
  if (username === undefined) return undefined;
  identityText(found, `${path}.username`, username);
  identityText(found, `${path}.eapId`, auth.eapId);
  return {
    kind: 'eap',
    methods: [...new Set(typeof eap === 'string' ? [eap] : eap)],
    username,
    password: password === undefined ? undefined : secretText(password),
    identity: auth.eapId ?? username,
  };
}

export function remoteAuth(
  found: Findings,
  document: ProfileDocument,
  local: ProfileLocalAuth | undefined,
): ProfileRemoteAuth | undefined {
  const remote = document.remote ?? {};
  const { auth } = document.local;
  const undecided =
    auth.psk === undefined &&
    auth.certificate === undefined &&
    auth.key === undefined &&
    auth.eap === undefined;
  // What is missing was said of `local.auth`; it decides what would be missing here.
  if (undecided && remote.auth === undefined && remote.psk === undefined) return undefined;
  const kind =
    remote.auth ?? (remote.psk !== undefined || document.local.auth.psk !== undefined ? 'psk' : 'pubkey');
  if (kind === 'psk' && auth.eap !== undefined) {
    found.problem(
      remote.auth === undefined ? 'remote.psk' : 'remote.auth',
      'does not go together with eap: the gateway must prove itself by certificate before a password leaves',
    );
    return undefined;
  }
  if (kind === 'psk') {
    for (const key of ['anchors', 'eku', 'revocation'] as const)
      if (remote[key] !== undefined)
        found.problem(`remote.${key}`, 'has no meaning with psk; set remote.auth to "pubkey"');
    if (remote.psk !== undefined) {
      const secret = psk(found, 'remote.psk', remote.psk);
      return secret && { kind, secret };
    }
    if (document.local.auth.psk === undefined)
      found.problem('remote.psk', 'is missing: the gateway is to prove itself with a psk');
    return local?.kind === 'psk' ? { kind, secret: new Secret(local.secret.expose()) } : undefined;
  }
  if (remote.psk !== undefined) found.problem('remote.psk', 'has no meaning with remote.auth "pubkey"');
  const anchors = pemList(found, 'remote.anchors', remote.anchors);
  if (remote.anchors === undefined || remote.anchors.length === 0)
    found.problem('remote.anchors', 'is missing: name the CA certificates that the gateway must chain to');
  const { crl = 'relaxed', ocsp = 'relaxed' } = remote.revocation ?? {};
  return { kind, anchors, eku: remote.eku ?? 'enforce', revocation: { crl, ocsp } };
}

/** As written; what an absent one and `%any` stand for says `Profile`. */
export function remoteId(
  found: Findings,
  document: ProfileDocument,
  kind: 'psk' | 'pubkey' | undefined,
  gateways: readonly string[],
): string | undefined {
  const id = document.remote?.id?.trim();
  if (id === '%any' && kind === 'pubkey')
    found.warn('remote.id', '%any accepts every certificate under the trust anchors as the gateway');
  if (id === undefined && gateways.length > 1)
    found.warn('remote.id', `is missing: every host must identify itself as ${gateways[0]}`);
  return id;
}

export function identityText(found: Findings, path: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const id = text.trim();
  const control = [...id].some((char) => char < ' ' || char === '\u007f');
  if (id === '' || id.length > 1024 || control) found.problem(path, 'is not an identity');
  return id;
}

/** The post-quantum pre-shared key; `required` unless the profile says otherwise. */
export function ppk(found: Findings, { ike, local }: ProfileDocument): ProfilePpk | undefined {
  if (ike?.ppk === undefined) return undefined;
  if (local.auth.eap !== undefined) found.problem('ike.ppk', 'does not go together with eap');
  const id = identityText(found, 'ike.ppk.id', ike.ppk.id) ?? '';
  const secret = psk(found, 'ike.ppk.secret', ike.ppk.secret);
  return secret && { id, secret, required: ike.ppk.required ?? true };
}

/** Zeroes the secrets of a profile that is not going to be used any more. */
export function forgetSecrets(profile: Profile): void {
  profile.ike.ppk?.secret.wipe();
  for (const auth of [profile.local.auth, profile.remote.auth]) {
    if ('secret' in auth) auth.secret.wipe();
    if ('password' in auth) auth.password?.wipe();
    if ('key' in auth) {
      auth.key.wipe();
      auth.passphrase?.wipe();
    }
  }
}

/** Who we are, who the gateway is, and how each proves it: the `local` and `remote` parts of a profile. */
import { Secret } from '../base/secret.ts';
import { eapAuth, remoteEap, withoutEap } from './eap.ts';
import { type Findings, psk } from './fields.ts';
import { identityText } from './identity-field.ts';
import { keyPair, pemList } from './key-pair.ts';
import type { Profile, ProfileLocalAuth, ProfilePpk, ProfileRemoteAuth } from './profile.ts';
import type { ProfileDocument } from './schema.ts';

export function localAuth(found: Findings, { local }: ProfileDocument): ProfileLocalAuth | undefined {
  const { auth } = local;
  const path = 'local.auth';
  if (auth.eap !== undefined) return eapAuth(found, path, auth, local.id);
  withoutEap(found, path, auth);
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
  const own = keyPair(found, path, auth);
  return own && { kind: 'pubkey', ...own };
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
  const eap = remoteEap(found, document);
  if (kind === 'psk' && (auth.eap !== undefined || document.local.auth2?.eap !== undefined)) {
    found.problem(
      remote.auth === undefined && remote.psk !== undefined ? 'remote.psk' : 'remote.auth',
      'does not go together with eap: the gateway must prove itself by certificate before a password leaves',
    );
    return undefined;
  }
  if (kind === 'psk') {
    for (const key of ['anchors', 'dn', 'eku', 'revocation'] as const)
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
  if (remote.psk !== undefined) found.problem('remote.psk', `has no meaning with remote.auth "${kind}"`);
  const anchors = pemList(found, 'remote.anchors', remote.anchors);
  if (remote.anchors === undefined || remote.anchors.length === 0)
    found.problem('remote.anchors', 'is missing: name the CA certificates that the gateway must chain to');
  const { crl = 'relaxed', ocsp = 'relaxed' } = remote.revocation ?? {};
  return { kind: 'pubkey', anchors, eku: remote.eku ?? 'enforce', revocation: { crl, ocsp }, ...eap };
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

/** The post-quantum pre-shared key; `required` unless the profile says otherwise. */
export function ppk(found: Findings, { ike }: ProfileDocument): ProfilePpk | undefined {
  if (ike?.ppk === undefined) return undefined;
  const id = identityText(found, 'ike.ppk.id', ike.ppk.id) ?? '';
  const secret = psk(found, 'ike.ppk.secret', ike.ppk.secret);
  return secret && { id, secret, required: ike.ppk.required ?? true };
}

/** Zeroes the secrets of a profile that is not going to be used any more. */
export function forgetSecrets(profile: Profile): void {
  profile.ike.ppk?.secret.wipe();
  for (const auth of [profile.local.auth, profile.local.auth2, profile.remote.auth]) {
    if (!auth) continue;
    if ('secret' in auth) auth.secret.wipe();
    if ('password' in auth) auth.password?.wipe();
    const own = auth.kind === 'eap' ? auth.own : auth;
    if (own && 'key' in own) {
      own.key.wipe();
      own.passphrase?.wipe();
    }
  }
}

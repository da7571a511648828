/** EAP in a profile: which methods, what they prove us with, and what does not go together. */
import { type Findings, secretText } from './fields.ts';
import { identityText } from './identity-field.ts';
import { keyPair } from './key-pair.ts';
import type { ProfileLocalAuth } from './profile.ts';
import type { LocalAuthDocument, ProfileDocument, TlsVersionText } from './schema.ts';

type EapAuth = Extract<ProfileLocalAuth, { kind: 'eap' }>;
type Method = EapAuth['methods'][number];

const TUNNELS: ReadonlySet<Method> = new Set(['tls', 'ttls', 'peap']);

export const methodsOf = ({ eap }: LocalAuthDocument): readonly Method[] => [
  ...new Set(eap === undefined ? [] : typeof eap === 'string' ? [eap] : eap),
];

/** Whether the gateway proves itself in every method that it may choose, so that it need not do so before. */
export const mutual = (methods: readonly Method[]): boolean =>
  methods.length > 0 && methods.every((method) => TUNNELS.has(method));

const versionOf = (text: TlsVersionText | undefined, otherwise: TlsVersionText): `TLSv${TlsVersionText}` =>
  `TLSv${text ?? otherwise}`;

/** Fields of a login that mean something with `eap` alone. */
export function withoutEap(found: Findings, path: string, auth: LocalAuthDocument): void {
  for (const key of ['username', 'password', 'eapId', 'phase2', 'tls'] as const)
    if (auth[key] !== undefined) found.problem(`${path}.${key}`, 'has a meaning with eap only');
}

/** User name and password, or the certificate of EAP-TLS; never together with what else could prove us. */
export function eapAuth(
  found: Findings,
  path: string,
  auth: LocalAuthDocument,
  localId: string | undefined,
): EapAuth | undefined {
  const methods = methodsOf(auth);
  const byCertificate = methods.includes('tls');
  const byPassword = methods.some((method) => method !== 'tls');
  if (auth.psk !== undefined) found.problem(`${path}.psk`, 'does not go together with eap');
  if (!byCertificate)
    for (const key of ['certificate', 'key', 'passphrase', 'chain'] as const)
      if (auth[key] !== undefined)
        found.problem(`${path}.${key}`, 'does not go together with eap, unless its method is "tls"');
  if (!byPassword && auth.password !== undefined)
    found.problem(`${path}.password`, 'has no meaning with eap "tls", which uses the certificate');
  const own = byCertificate ? keyPair(found, path, auth) : undefined;
  tunnelFields(found, path, auth, methods);
  const username = auth.username ?? (byPassword ? undefined : (auth.eapId ?? localId ?? ''));
  if (username === undefined) found.problem(`${path}.username`, 'is missing: eap needs it');
  if (username === undefined || (byCertificate && !own)) return undefined;
  if (username !== '') identityText(found, `${path}.username`, username);
  identityText(found, `${path}.eapId`, auth.eapId);
  return {
    kind: 'eap',
    methods,
    username,
    password: auth.password === undefined ? undefined : secretText(auth.password),
    identity: auth.eapId ?? username,
    own,
    phase2: auth.phase2,
    tls: { min: versionOf(auth.tls?.min, '1.2'), max: versionOf(auth.tls?.max, '1.3') },
  };
}

function tunnelFields(
  found: Findings,
  path: string,
  { phase2, tls }: LocalAuthDocument,
  methods: readonly Method[],
): void {
  if (phase2 !== undefined && !methods.includes('ttls') && !methods.includes('peap'))
    found.problem(`${path}.phase2`, 'has a meaning with eap "ttls" and "peap" only');
  else if (phase2 === 'pap' && methods.includes('peap'))
    found.problem(`${path}.phase2`, '"pap" does not go together with "peap", which has EAP in its tunnel');
  if (tls === undefined) return;
  if (!methods.some((method) => TUNNELS.has(method)))
    found.problem(`${path}.tls`, 'has a meaning with eap "tls", "ttls" and "peap" only');
  else if (tls.min === '1.3' && tls.max === '1.2')
    found.problem(`${path}.tls`, 'has no version: min is above max');
}

/** The round behind the first (RFC 4739). */
export function secondAuth(found: Findings, { local, remote, ike }: ProfileDocument): EapAuth | undefined {
  const { auth, auth2, id2 } = local;
  if (auth2 === undefined) {
    if (id2 !== undefined) found.problem('local.id2', 'has a meaning with local.auth2 only');
    return undefined;
  }
  const path = 'local.auth2';
  identityText(found, 'local.id2', id2);
  if (auth.eap !== undefined)
    found.problem(
      path,
      'does not go together with eap in local.auth: the first round is a certificate or a psk',
    );
  if (ike?.ppk !== undefined) found.problem('ike.ppk', 'does not go together with local.auth2');
  if (auth2.eap === undefined) {
    found.problem(`${path}.eap`, 'is missing: the second round is EAP');
    return undefined;
  }
  const needs = methodsOf(auth2).some((method) => method !== 'tls');
  if (needs && auth2.password === undefined)
    found.problem(`${path}.password`, 'is missing: the second round does not ask for it');
  if (remote?.auth === 'eap')
    found.problem(
      'remote.auth',
      '"eap" does not go together with local.auth2: the gateway proves itself first',
    );
  return eapAuth(found, path, auth2, id2);
}

/** What of `remote` speaks of EAP: whether the gateway may prove itself by it alone, and who its server is. */
export function remoteEap(
  found: Findings,
  { local, remote }: ProfileDocument,
): { readonly eapOnly: boolean; readonly aaaId: string | undefined } {
  const methods = methodsOf(local.auth);
  const eapOnly = remote?.auth === 'eap';
  if (eapOnly && !mutual(methods))
    found.problem(
      'remote.auth',
      '"eap" takes a gateway that proves itself by EAP alone, which needs local.auth.eap "tls", "ttls" or "peap" and nothing else',
    );
  const all = [...methods, ...(local.auth2 ? methodsOf(local.auth2) : [])];
  if (remote?.aaaId !== undefined && !all.some((method) => TUNNELS.has(method)))
    found.problem('remote.aaaId', 'has a meaning with eap "tls", "ttls" and "peap" only');
  return { eapOnly, aaaId: identityText(found, 'remote.aaaId', remote?.aaaId) };
}

/** How both sides of a connection in `swanctl.conf` prove themselves, and the secrets for it (swanctl.conf(5)). */
import {
  type EapRound,
  isEapTls,
  mapAaaId,
  mapEap,
  mapEapOnly,
  mapRevocation,
  secondRoundProblem,
} from './eap.ts';
import { type Fields, type Mapping, quote } from './mapping.ts';
import type { ConfSection } from './strongswan-conf.ts';

const UNUSED = 'has no effect without the round';

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
  round: EapRound = 'local.auth',
): void {
  const eapId = from.take('eap_id');
  const user = eapId === undefined || eapId === '%any' ? id : eapId;
  const found = eapSecret(secrets, user);
  mapEap(mapping, {
    round,
    foreign: from.at('auth'),
    method: auth,
    ...(user === undefined ? {} : { username: [from.at(user === eapId ? 'eap_id' : 'id'), user] }),
    ...(found ? { password: [`secrets.${found.name}.secret`, found.secret] } : {}),
  });
}

export function localAuth(
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
  rest(mapping, from);
}

/** What both rounds have beside the means to prove us. */
function rest(mapping: Mapping, from: Fields): void {
  const aaa = from.take('aaa_id');
  if (aaa !== undefined) mapAaaId(mapping, from.at('aaa_id'), aaa);
  from.take('round');
  from.pass(mapping, {
    eap_id: 'has no effect without a user name and password',
    xauth_id: 'is of IKEv1',
    pubkeys: 'cannot be mapped: keys come with certificates',
    ca_id: 'has no effect',
    handle: 'cannot be mapped: tokens',
  });
  from.rest(mapping);
}

/** The round behind the first (RFC 4739). */
export function secondAuth(mapping: Mapping, from: Fields, secrets: ConfSection | undefined): void {
  const auth = from.take('auth') ?? 'pubkey';
  const problem = secondRoundProblem(mapping, auth);
  if (problem !== undefined) {
    mapping.unmapped(from.at('auth'), problem, 'local.auth2');
    from.pass(mapping, Object.fromEntries(['id', 'eap_id', 'certs'].map((key) => [key, UNUSED])));
  } else {
    const id = from.take('id');
    const eapId = from.take('eap_id');
    eapAuth(mapping, from, secrets, auth, id, 'local.auth2');
    if (id !== undefined && eapId !== undefined && eapId !== '%any')
      mapping.set(from.at('id'), 'local.id2', id);
  }
  rest(mapping, from);
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

export function remoteAuth(mapping: Mapping, from: Fields): void {
  const auth = from.take('auth') ?? 'pubkey';
  const id = from.take('id');
  if (id !== undefined) mapping.set(from.at('id'), 'remote.id', id);
  if (auth === 'psk') mapping.set(from.at('auth'), 'remote.auth', 'psk');
  else {
    if (auth.startsWith('eap')) mapEapOnly(mapping, from.at('auth'), auth);
    else
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
  if (revocation !== undefined && auth !== 'psk') mapRevocation(mapping, from.at('revocation'), revocation);
  from.take('round');
  from.pass(mapping, {
    cert_policy: 'cannot be mapped yet',
    groups: 'is for gateways',
    ca_id: 'cannot be mapped',
    pubkeys: 'cannot be mapped: trust comes with certificates',
    eap_id: 'is for gateways',
  });
  from.rest(mapping);
}

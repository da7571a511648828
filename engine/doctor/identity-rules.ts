/** Checks of whom the profile expects at the other end: `remote.id`, `remote.dn`, and the TLS server inside of EAP. */
import { canonicalIp } from '../base/ip.ts';
import { PkiError } from '../pki/error.ts';
import { parseIdentity } from '../pki/identity.ts';
import { parsePattern } from '../pki/identity-pattern.ts';
import { ID_TYPE } from '../pki/identity-text.ts';
import { DistinguishedName } from '../pki/name.ts';
import type { Profile } from '../profile/profile.ts';
import { type Finding, fail, pass, type Rule, warn } from './rule.ts';

/** The last two labels: what organisations usually call their own. */
const domain = (name: string): string => name.toLowerCase().split('.').slice(-2).join('.');

const isHost = (text: string): boolean => /^[A-Za-z0-9*-]+(\.[A-Za-z0-9-]+)+\.?$/.test(text);

/** Runs `judge`; what is no identity fails, naming the field. */
function readable(field: string, judge: () => Finding): Finding {
  try {
    return judge();
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    return fail(`${field} is no identity: ${cause.message}.`, `Correct ${field}.`);
  }
}

/** A name that leaves the common name open says which organisation, but not who in it. */
const isOpen = (name: DistinguishedName): boolean =>
  name.hasWildcards && name.commonNames.every((value) => value === '*');

const openText = (field: string, text: string): string =>
  `${field}, "${text}", leaves the common name open: whoever has such a certificate of a trusted CA, another user for example, can pose as the gateway.`;

const NARROWER = 'Name the common name of the gateway in it.';

/** What the subject of its certificate must be, beside its identity. */
const subject = (dn: string): Finding =>
  readable('remote.dn', () =>
    isOpen(DistinguishedName.fromText(dn))
      ? warn(openText('remote.dn', dn), NARROWER)
      : pass(`The subject of its certificate must fit "${dn}".`),
  );

/** Whether `remote.dn` alone tells the gateway from others. */
function isPinned(dn: string | undefined): boolean {
  if (dn === undefined) return false;
  try {
    return !isOpen(DistinguishedName.fromText(dn));
  } catch {
    return false; // `subject` says so
  }
}

function pattern(text: string, byCertificate: boolean, pinned: boolean): Finding {
  const { idType, data } = parseIdentity(text);
  const fits = `The gateway must prove an identity that fits "${text}".`;
  if (!byCertificate || pinned) return pass(fits);
  if (idType === ID_TYPE.DER_ASN1_DN && isOpen(DistinguishedName.fromDer(data)))
    return warn(openText('remote.id', text), NARROWER);
  if (idType === ID_TYPE.RFC822_ADDR)
    return warn(
      `remote.id, "${text}", is fitted by every mail address there: each user with a certificate of a trusted CA can pose as the gateway.`,
      'Set remote.id to the name of the gateway.',
    );
  return pass(fits);
}

function identity({ gateway: { hosts }, remote: { id, dn, auth } }: Profile): Finding {
  const byCertificate = auth.kind === 'pubkey';
  const pinned = isPinned(dn);
  if (id === '%any')
    return pinned
      ? pass(`The gateway may call itself anything that its certificate proves (remote.id is %any).`)
      : warn(
          byCertificate
            ? 'remote.id is %any: whoever has a certificate of a trusted CA, another user for example, can pose as the gateway.'
            : 'remote.id is %any: whoever knows the shared secret, another user for example, can pose as the gateway.',
          'Set remote.id to the name of the gateway.',
        );
  const wanted = id ?? hosts[0] ?? '';
  const ip = canonicalIp(wanted);
  if (byCertificate && ip !== undefined)
    return warn(
      `The gateway must prove that it is ${ip}, so its certificate must have IP:${ip} in subjectAltName; few have an address there.`,
      'Set remote.id to the host name that is in the certificate of the gateway.',
    );
  const others = hosts.filter((host) => canonicalIp(host) === undefined);
  if (isHost(wanted) && others.length > 0 && !others.some((host) => domain(host) === domain(wanted)))
    return warn(
      `The gateway is reached as ${others.join(', ')} but must prove that it is "${wanted}".`,
      'Check the spelling of remote.id and gateway.hosts.',
    );
  return readable('remote.id', () =>
    parsePattern(wanted)
      ? pattern(wanted, byCertificate, pinned)
      : pass(`The gateway must prove that it is "${wanted}".`),
  );
}

const remoteIdentity: Rule = {
  id: 'remote-identity',
  title: 'Identity of the gateway',
  judge: ({ profile }) => [
    identity(profile),
    ...(profile.remote.dn === undefined ? [] : [subject(profile.remote.dn)]),
  ],
};

const TUNNELS: ReadonlySet<string> = new Set(['tls', 'ttls', 'peap']);

/** Whose certificate is asked for inside of EAP, and whether the gateway needs one of its own. */
const eapServer: Rule = {
  id: 'eap-server',
  title: 'Server inside of EAP',
  judge: ({ profile: { local, remote } }) => {
    const { auth } = remote;
    const methods = [local.auth, local.auth2].flatMap((one) => (one?.kind === 'eap' ? one.methods : []));
    if (auth.kind !== 'pubkey' || !methods.some((method) => TUNNELS.has(method))) return undefined;
    const { aaaId, eapOnly } = auth;
    const who = aaaId === undefined ? 'the gateway itself' : `"${aaaId}"`;
    const alone = eapOnly
      ? ' The gateway need not prove itself in any other way (RFC 5998).'
      : ' The gateway proves itself by its certificate before that.';
    return readable('remote.aaaId', () => {
      const open =
        aaaId !== undefined && aaaId !== '%any' && parsePattern(aaaId) !== undefined ? ', a pattern' : '';
      return aaaId === '%any'
        ? warn(
            `remote.aaaId is %any: every server with a certificate of a trusted CA hears what is said inside of EAP.${alone}`,
            'Set remote.aaaId to the name in the certificate of the server.',
          )
        : pass(`The TLS server inside of EAP must be ${who}${open}.${alone}`);
    });
  },
};

export const IDENTITY_RULES: readonly Rule[] = [remoteIdentity, eapServer];

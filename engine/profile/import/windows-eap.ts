/** EAP in ProfileXML: what `EapHostConfig` says of the method, its tunnel and its server (MS-GPWL §2.2.3.2). */
import type { Phase2Text } from '../schema.ts';
import { isEapTls, mapAaaId, mapEap } from './eap.ts';
import { type Mapping, quote } from './mapping.ts';
import { childOf, textAt, type XmlElement } from './xml.ts';

/** Methods of EAP inside of a tunnel, by IANA's number. */
const INNER: Readonly<Record<string, Phase2Text>> = { '4': 'eap-md5', '6': 'eap-gtc', '26': 'eap-mschapv2' };
const PLAIN: Readonly<Record<string, Phase2Text>> = {
  PAPAuthentication: 'pap',
  MSCHAPv2Authentication: 'mschapv2',
};

interface Tunnel {
  /** In the words of the file; ours where we have it. */
  readonly phase2?: readonly [word: string, ours: Phase2Text | undefined];
  /** What is said in the clear instead of the user name. */
  readonly anonymous?: string | undefined;
}

const inner = (number: string): readonly [string, Phase2Text | undefined] => [
  `EAP type ${number}`,
  Object.hasOwn(INNER, number) ? INNER[number] : undefined,
];

function ttls(ttls: XmlElement): Tunnel {
  const found = childOf(ttls, 'Phase2Authentication')?.children[0];
  const type = textAt(found, 'EapMethod', 'Type') ?? textAt(found, 'Type');
  const identity = childOf(ttls, 'Phase1Identity');
  const anonymous = isTrue(textAt(identity, 'IdentityPrivacy'))
    ? textAt(identity, 'AnonymousIdentity')
    : undefined;
  if (!found) return { anonymous };
  const plain: readonly [string, Phase2Text | undefined] = [
    found.name,
    Object.hasOwn(PLAIN, found.name) ? PLAIN[found.name] : undefined,
  ];
  return { phase2: type === undefined ? plain : inner(type), anonymous };
}

function peap(properties: XmlElement): Tunnel {
  const type = textAt(properties, 'Eap', 'Type');
  const identity =
    childOf(childOf(properties, 'PeapExtensions'), 'IdentityPrivacy') ??
    childOf(properties, 'IdentityPrivacy');
  const anonymous = isTrue(textAt(identity, 'EnableIdentityPrivacy'))
    ? textAt(identity, 'AnonymousUserName')
    : undefined;
  return { ...(type === undefined ? {} : { phase2: inner(type) }), anonymous };
}

const isTrue = (text: string | undefined): boolean => /^(true|1)$/i.test(text ?? '');

/**
 * `MSChapv2` by itself, or EAP with what is inside of its configuration.
 * @param native the `NativeProfile`
 * @returns whether the certificate of EAP-TLS is to come from elsewhere
 */
export function mapUserMethod(mapping: Mapping, native: XmlElement, field: string, user: string): boolean {
  const configuration = childOf(childOf(childOf(native, 'Authentication'), 'Eap'), 'Configuration');
  const host = /^eap$/i.test(user) ? childOf(configuration, 'EapHostConfig') : undefined;
  const config = childOf(host, 'Config');
  const method = /^eap$/i.test(user) ? (textAt(host, 'EapMethod', 'Type') ?? 'eap') : user;
  const outer = childOf(config, 'EapTtls');
  const properties = outer ?? childOf(childOf(config, 'Eap'), 'EapType');
  const tunnel: Tunnel = outer ? ttls(outer) : properties && method === '25' ? peap(properties) : {};
  const { phase2, anonymous } = tunnel;
  const foreign = `${field}.Phase2`;
  const mapped = mapEap(mapping, {
    foreign: field,
    method,
    ...(phase2?.[1] === undefined ? {} : { phase2: [foreign, phase2[1]] }),
  });
  if (!mapped) return false;
  if (phase2 && phase2[1] === undefined)
    mapping.unmapped(foreign, `${quote(phase2[0])} in the tunnel is not spoken here`, 'local.auth.phase2');
  if (anonymous !== undefined) mapping.set(`${field}.AnonymousIdentity`, 'local.auth.eapId', anonymous);
  const names = textAt(properties, 'ServerValidation', 'ServerNames');
  if (names !== undefined && /^[A-Za-z0-9.-]+$/.test(names)) mapAaaId(mapping, `${field}.ServerNames`, names);
  else if (names !== undefined)
    mapping.unmapped(`${field}.ServerNames`, 'cannot be mapped: one plain name can', 'remote.aaaId');
  return isEapTls(method);
}

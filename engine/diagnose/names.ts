/** The names that a masked bundle must not show: hosts, identities and users, out of profiles, certificates and state. */
import { Certificate } from '../pki/certificate.ts';
import { PkiError } from '../pki/error.ts';
import { pemBlocks } from './pem.ts';

export type NameKind = 'host' | 'id' | 'user';

export interface KnownName {
  readonly kind: NameKind;
  readonly text: string;
}

type Document = Readonly<Record<string, unknown>>;

/** Where a profile names somebody, `auth` standing for `auth` and `auth2`. */
const FIELDS: readonly (readonly [NameKind, ...string[]])[] = [
  ['host', 'gateway', 'hosts'],
  ['host', 'dns', 'domains'],
  ['user', 'local', 'auth', 'username'],
  ['user', 'local', 'auth', 'eapId'],
  ['user', 'local', 'auth2', 'username'],
  ['user', 'local', 'auth2', 'eapId'],
  ['id', 'local', 'id'],
  ['id', 'local', 'id2'],
  ['id', 'remote', 'id'],
  ['id', 'remote', 'aaaId'],
  ['id', 'ike', 'ppk', 'id'],
];

const isRecord = (value: unknown): value is Document =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const at = (value: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((inner, key) => (isRecord(inner) ? inner[key] : undefined), value);

const textsOf = (value: unknown): readonly string[] =>
  typeof value === 'string'
    ? value.split(',').map((text) => text.trim())
    : Array.isArray(value)
      ? value.flatMap(textsOf)
      : [];

export const profileNames = (document: Document): readonly KnownName[] =>
  FIELDS.flatMap(([kind, ...path]) => textsOf(at(document, path)).map((text) => ({ kind, text })));

function certificateNames(der: Uint8Array): readonly KnownName[] {
  try {
    const { altNames, subject, issuer } = new Certificate(der);
    return [
      ...[...subject.commonNames, ...issuer.commonNames].map((text) => ({ kind: 'id' as const, text })),
      ...altNames.flatMap((name): KnownName[] => {
        if (name.kind === 'dns') return [{ kind: 'host', text: name.value }];
        return name.kind === 'email' ? [{ kind: 'user', text: name.value }] : [];
      }),
    ];
  } catch (error) {
    if (error instanceof PkiError) return [];
    throw error;
  }
}

/** Names in the certificates that stand in a text as PEM. */
export const pemNames = (text: string): readonly KnownName[] => pemBlocks(text).flatMap(certificateNames);

/** Names in what `snapshot.get` answers. */
export function snapshotNames(snapshot: Document): readonly KnownName[] {
  const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
  const names = (kind: NameKind, values: readonly unknown[]): KnownName[] =>
    values.flatMap((value) => (typeof value === 'string' ? [{ kind, text: value }] : []));
  return [
    ...list(snapshot.profiles).flatMap((one) => [
      ...names('host', list(at(one, ['hosts']))),
      ...names('id', [at(one, ['localId']), at(one, ['remoteId'])]),
    ]),
    ...list(snapshot.tunnels).flatMap((one) => [
      ...names('host', list(at(one, ['domains']))),
      ...names('id', [at(one, ['ike', 'localId']), at(one, ['ike', 'remoteId'])]),
    ]),
  ];
}

/** Search domains, which resolv.conf and resolvectl show without saying which of their words are names. */
export const resolverNames = (text: string): readonly KnownName[] =>
  [...text.matchAll(/(?:^|\n)\s*(?:search|domain|DNS Domain:)\s+([^\n]+)/g)].flatMap(([, domains = '']) =>
    domains.split(/\s+/).map((domain) => ({ kind: 'host' as const, text: domain.replace(/^~|\.$/g, '') })),
  );

/** IKE identities with distinguished names, and whether a certificate proves one (RFC 4945 §3.1, RFC 7296 §3.5). */
import { equalBytes, fromUtf8 } from '../base/bytes.ts';
import { type AltName, altNameText, type Certificate } from './certificate.ts';
import { PkiError } from './error.ts';
import {
  formatIdentityText,
  ID_TYPE,
  type Identity,
  type NameCodec,
  parseIdentityText,
  sameIdentityData,
} from './identity-text.ts';
import { DistinguishedName } from './name.ts';

function readName(der: Uint8Array): DistinguishedName | undefined {
  try {
    return DistinguishedName.fromDer(der);
  } catch (cause) {
    if (cause instanceof PkiError) return undefined;
    throw cause;
  }
}

const names: NameCodec = {
  parse: (text) => DistinguishedName.fromText(text).der,
  format: (der) => readName(der)?.toString(),
  equal: (a, b) => {
    const [x, y] = [readName(a), readName(b)];
    return x !== undefined && y !== undefined && x.equals(y);
  },
};

/**
 * Reads an identity in strongSwan's conventions: an IPv4 or IPv6 address, `C=CH, O=…, CN=…`, `user@domain`,
 * a host name, `@name` (always FQDN), `@@text` (always RFC822), `@#hex` (key id), or a prefix `ipv4:`,
 * `ipv6:`, `fqdn:`, `dns:`, `email:`, `rfc822:`, `userfqdn:`, `asn1dn:`, `asn1gn:`, `keyid:`, `{number}:`, each
 * also with `#hex` for the raw octets.
 * @throws PkiError `bad-identity`
 */
export const parseIdentity = (text: string): Identity => parseIdentityText(text, names);

/** Text that `parseIdentity` reads back as the same identity; a short and readable one when there is one. */
export const formatIdentity = (identity: Identity): string => formatIdentityText(identity, names);

/** Distinguished names by RFC 5280 §7.1, all others octet by octet. */
export const sameIdentity = (a: Identity, b: Identity): boolean => sameIdentityData(a, b, names);

export type IdentityMatch =
  | { readonly ok: true }
  | { readonly ok: false; readonly check: 'identity'; readonly detail: string };

const lower = (text: string): string => text.toLowerCase();

/** Case-insensitive; `*.` as the whole left-most label of the certificate's name stands for one label (RFC 6125 §6.4.3). */
function matchesDns(pattern: string, name: string): boolean {
  if (!/^[\x21-\x7e]+$/.test(pattern) || !/^[\x21-\x7e]+$/.test(name) || name.includes('*')) return false;
  if (lower(pattern) === lower(name)) return true;
  const base = /^\*(\.[^*.]+\.[^*]+)$/.exec(lower(pattern))?.[1];
  if (base === undefined) return false;
  const dot = name.indexOf('.');
  return dot > 0 && lower(name.slice(dot)) === base;
}

function matchesEmail(a: string, b: string): boolean {
  const [i, j] = [a.lastIndexOf('@'), b.lastIndexOf('@')];
  return i > 0 && i === j && a.slice(0, i) === b.slice(0, j) && lower(a.slice(i)) === lower(b.slice(j));
}

function matchesAltName(entry: AltName, identity: Identity): boolean {
  switch (entry.kind) {
    case 'dns':
      return identity.idType === ID_TYPE.FQDN && matchesDns(entry.value, fromUtf8(identity.data));
    case 'email':
      return identity.idType === ID_TYPE.RFC822_ADDR && matchesEmail(entry.value, fromUtf8(identity.data));
    case 'ip':
      return (
        identity.idType === (entry.value.length === 4 ? ID_TYPE.IPV4_ADDR : ID_TYPE.IPV6_ADDR) &&
        equalBytes(entry.value, identity.data)
      );
    case 'dn':
      return matchesName(entry.value, identity);
    case 'uri':
    case 'other':
      return false;
  }
}

function matchesName(name: DistinguishedName, identity: Identity): boolean {
  if (identity.idType !== ID_TYPE.DER_ASN1_DN || name.isEmpty) return false;
  return readName(identity.data)?.equals(name) ?? false;
}

/**
 * Whether the certificate speaks for `identity`: the whole subject, or an entry of subjectAltName of the
 * right type. A name that is only in the CN does not count.
 */
export function matchIdentity(certificate: Certificate, identity: Identity): IdentityMatch {
  if (matchesName(certificate.subject, identity)) return { ok: true };
  if (certificate.altNames.some((entry) => matchesAltName(entry, identity))) return { ok: true };
  const wanted = formatIdentity(identity);
  const has = certificate.altNames.map(altNameText).join(', ') || 'no subjectAltName';
  const onlyCn =
    (identity.idType === ID_TYPE.FQDN || identity.idType === ID_TYPE.RFC822_ADDR) &&
    certificate.subject.commonNames.some((cn) => lower(cn) === lower(fromUtf8(identity.data)));
  const reason = onlyCn
    ? ` Its CN is "${wanted}", but a name only in the CN does not count: it must be in subjectAltName.`
    : '';
  return {
    ok: false,
    check: 'identity',
    detail: `The certificate "${certificate.label}" does not prove the identity "${wanted}": it has ${has}.${reason}`,
  };
}

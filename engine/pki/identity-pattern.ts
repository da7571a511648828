/**
 * Identities with wildcards as strongSwan has them: `C=CH, O=Example, CN=*`, `*.example.org`, `*@example.org`. What a
 * peer calls itself must fit one, and its certificate must prove what it calls itself.
 */
import { fromUtf8 } from '../base/bytes.ts';
import { parseIdentity } from './identity.ts';
import { ID_TYPE, type Identity } from './identity-text.ts';
import { DistinguishedName } from './name.ts';

export interface IdentityPattern {
  /** As the profile writes it. */
  readonly text: string;
  matches(identity: Identity): boolean;
}

/** The part after the star of a name in UTF-8; `undefined` when there is none, or another star. */
function suffixOf({ data }: Identity): string | undefined {
  const rest = /^\*([.@][^*]+)$/.exec(fromUtf8(data))?.[1];
  return rest?.toLowerCase();
}

/**
 * The pattern in a text, or `undefined` when it is a plain identity.
 * @throws PkiError `bad-identity`
 */
export function parsePattern(text: string): IdentityPattern | undefined {
  const wanted = parseIdentity(text);
  if (wanted.idType === ID_TYPE.DER_ASN1_DN) {
    const name = DistinguishedName.fromDer(wanted.data);
    return name.hasWildcards ? { text, matches: (identity) => dnMatches(identity, name) } : undefined;
  }
  if (wanted.idType !== ID_TYPE.FQDN && wanted.idType !== ID_TYPE.RFC822_ADDR) return undefined;
  const suffix = suffixOf(wanted);
  if (suffix === undefined) return undefined;
  const matches = ({ idType, data }: Identity): boolean => {
    const name = fromUtf8(data).toLowerCase();
    return idType === wanted.idType && name.length > suffix.length && name.endsWith(suffix);
  };
  return { text, matches };
}

function dnMatches(identity: Identity, pattern: DistinguishedName): boolean {
  if (identity.idType !== ID_TYPE.DER_ASN1_DN) return false;
  try {
    return DistinguishedName.fromDer(identity.data).matches(pattern);
  } catch {
    return false; // no name at all
  }
}

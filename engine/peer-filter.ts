/** Who a profile takes the gateway for, in `pki`'s terms: one identity, or a filter where the profile has wildcards. */
import type { PeerFilter } from './pki/answer.ts';
import { PkiError } from './pki/error.ts';
import { parseIdentity } from './pki/identity.ts';
import { parsePattern } from './pki/identity-pattern.ts';
import type { Identity } from './pki/identity-text.ts';
import { DistinguishedName } from './pki/name.ts';
import type { Profile } from './profile/profile.ts';

export interface ExpectedPeer {
  /** The only identity that will do; absent when the filter decides, or nobody cares. */
  readonly id: Identity | undefined;
  readonly filter: PeerFilter;
}

/** @throws PkiError `bad-identity`, its field `remote.id` or `remote.dn` */
export function expectedPeer({ remote, gateway }: Profile): ExpectedPeer {
  const text = remote.id ?? gateway.hosts[0] ?? '';
  const dn = remote.dn;
  const subject = dn === undefined ? undefined : at('remote.dn', () => DistinguishedName.fromText(dn));
  const pattern = text === '%any' ? undefined : at('remote.id', () => parsePattern(text));
  // What no certificate proves, no filter would ever see.
  if ((pattern ?? subject) && (remote.auth.kind === 'psk' || remote.auth.eapOnly))
    throw new PkiError(
      'bad-identity',
      'wildcards need a gateway that proves its identity by certificate',
      pattern ? 'remote.id' : 'remote.dn',
    );
  const id = text === '%any' || pattern ? undefined : at('remote.id', () => parseIdentity(text));
  return { id, filter: { id: pattern, dn: subject } };
}

function at<T>(field: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof PkiError) throw new PkiError(cause.code, cause.message, field);
    throw cause;
  }
}

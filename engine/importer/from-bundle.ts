/** A profile made of certificates alone, or of a CA and a user name: the rest is what suits most gateways. */
import { ApiError, localFailure } from '../api/failure.ts';
import { utf8 } from '../base/bytes.ts';
import { NAME_PATTERN } from '../base/name.ts';
import type { BundleLeaf } from '../pki/bundle.ts';
import type { AltName } from '../pki/certificate.ts';
import { formatIdentity } from '../pki/identity.ts';
import { ID_TYPE } from '../pki/identity-text.ts';
import type { ProfileDocument } from '../profile/schema.ts';
import type { Choice } from './complete.ts';

/** In the order that says most about a person or a machine. */
const KINDS = ['email', 'dns', 'ip'] as const;

function identityOf(name: AltName): string | undefined {
  switch (name.kind) {
    case 'email':
      return formatIdentity({ idType: ID_TYPE.RFC822_ADDR, data: utf8(name.value) });
    case 'dns':
      return name.value.includes('*')
        ? undefined
        : formatIdentity({ idType: ID_TYPE.FQDN, data: utf8(name.value) });
    case 'ip': {
      const idType = name.value.length === 4 ? ID_TYPE.IPV4_ADDR : ID_TYPE.IPV6_ADDR;
      return formatIdentity({ idType, data: name.value });
    }
    default:
      return undefined;
  }
}

/** The best entry of subjectAltName; without one the engine takes the subject. */
export function bestIdentity({ certificate }: BundleLeaf): string | undefined {
  for (const kind of KINDS)
    for (const name of certificate.altNames) {
      const text = name.kind === kind ? identityOf(name) : undefined;
      if (text !== undefined) return text;
    }
  return undefined;
}

function nameOf(leaf: BundleLeaf | undefined, gateway: string): string {
  const texts = [leaf?.name, leaf?.certificate.subject.commonNames[0], gateway, 'imported'];
  for (const text of texts) {
    const plain = (text ?? '')
      .normalize('NFKD')
      .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
      .replaceAll(/^[-.]+|[-.]+$/g, '')
      .slice(0, 64);
    if (NAME_PATTERN.test(plain)) return plain;
  }
  return 'imported';
}

/** @throws ApiError `USAGE` without a gateway */
export function fromBundle(leaf: BundleLeaf | undefined, choice: Choice): ProfileDocument {
  const { gateway, username } = choice;
  if (gateway === undefined)
    throw new ApiError(
      localFailure('USAGE', 'gateway: is missing: certificates alone do not say where to connect'),
    );
  const id = leaf && bestIdentity(leaf);
  return {
    name: nameOf(leaf, gateway),
    gateway: { hosts: [gateway] },
    local: {
      ...(id === undefined ? {} : { id }),
      auth: leaf === undefined && username !== undefined ? { eap: ['mschapv2'] } : {},
    },
    remote: { auth: 'pubkey' },
    ike: { proposals: ['recommended'] },
    esp: { proposals: ['recommended'] },
  };
}

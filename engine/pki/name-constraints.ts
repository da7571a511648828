/** Name constraints (RFC 5280 §4.2.1.10) for DNS names, mail addresses, URIs, IP addresses and directory names. */
import type { GeneralName, GeneralSubtrees } from '@peculiar/asn1-x509';
import { formatIp, inRange, parseIp, parsePrefix, prefixRange } from '../base/ip.ts';
import { type AltName, altNameText, type Certificate } from './certificate.ts';
import { DistinguishedName } from './name.ts';

type Kind = AltName['kind'];

function kindOf(base: GeneralName): Kind {
  if (base.dNSName !== undefined) return 'dns';
  if (base.rfc822Name !== undefined) return 'email';
  if (base.uniformResourceIdentifier !== undefined) return 'uri';
  if (base.iPAddress !== undefined) return 'ip';
  if (base.directoryName) return 'dn';
  return 'other';
}

/** All names of a certificate that constraints apply to: the subject, subjectAltName, and mail in the subject. */
function namesOf(certificate: Certificate): AltName[] {
  const { subject, altNames } = certificate;
  const names: AltName[] = [...altNames];
  if (!subject.isEmpty) names.push({ kind: 'dn', value: subject });
  if (!altNames.some(({ kind }) => kind === 'email'))
    names.push(...subject.emails.map((value): AltName => ({ kind: 'email', value })));
  return names;
}

/** `host.example` holds itself and everything below; `.host.example` only what is below; empty holds all. */
function dnsWithin(name: string, base: string): boolean {
  const [n, b] = [name.toLowerCase(), base.toLowerCase()];
  if (b === '') return true;
  return b.startsWith('.') ? n.endsWith(b) : n === b || n.endsWith(`.${b}`);
}

function emailWithin(name: string, base: string): boolean {
  const at = name.lastIndexOf('@');
  const host = name.slice(at + 1).toLowerCase();
  if (base.includes('@')) {
    const baseAt = base.lastIndexOf('@');
    return name.slice(0, at) === base.slice(0, baseAt) && host === base.slice(baseAt + 1).toLowerCase();
  }
  return base.startsWith('.') ? host.endsWith(base.toLowerCase()) : host === base.toLowerCase();
}

/** `certain` when the name lies in the subtree; `possible` when a wildcard in it could. `undefined`: not decidable. */
function within(name: AltName, base: GeneralName): 'certain' | 'possible' | 'no' | undefined {
  const verdict = (inside: boolean): 'certain' | 'no' => (inside ? 'certain' : 'no');
  switch (name.kind) {
    case 'dns': {
      const subtree = base.dNSName ?? '';
      if (dnsWithin(name.value, subtree)) return 'certain';
      const wild = name.value.startsWith('*.') && dnsWithin(subtree.replace(/^\./, ''), name.value.slice(2));
      return wild ? 'possible' : 'no';
    }
    case 'email':
      return verdict(emailWithin(name.value, base.rfc822Name ?? ''));
    case 'ip': {
      const prefix = parsePrefix(base.iPAddress ?? '');
      return prefix && base.iPAddress?.includes('/')
        ? verdict(inRange(name.value, prefixRange(prefix)))
        : undefined;
    }
    case 'dn':
      return (
        base.directoryName && verdict(name.value.isWithin(DistinguishedName.fromName(base.directoryName)))
      );
    case 'uri': {
      const host = uriHost(name.value);
      return host === undefined ? undefined : verdict(hostWithin(host, base.uniformResourceIdentifier ?? ''));
    }
    case 'other':
      return undefined;
  }
}

/** The host name of a URI; one without, or with an address, cannot be held to a constraint (RFC 5280 §4.2.1.10). */
function uriHost(uri: string): string | undefined {
  const host =
    /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)(?::[0-9]*)?(?:[/?#]|$)/i.exec(
      uri,
    )?.[1];
  return host === undefined || parseIp(host) ? undefined : host.toLowerCase();
}

/** `.example` holds hosts below it, `host.example` itself alone. */
const hostWithin = (host: string, base: string): boolean =>
  base.startsWith('.') ? host.endsWith(base.toLowerCase()) : host === base.toLowerCase();

const text = (name: AltName): string =>
  name.kind === 'ip' ? `IP:${formatIp(name.value)}` : altNameText(name);

/** Why `certificate` breaks the constraints of the CA `issuer`, or `undefined` when it keeps them. */
export function violation(certificate: Certificate, issuer: Certificate): string | undefined {
  const constraints = issuer.nameConstraints;
  if (!constraints) return undefined;
  for (const name of namesOf(certificate)) {
    const subtreesFor = (list: GeneralSubtrees | undefined): GeneralName[] =>
      (list ?? []).filter(({ base }) => kindOf(base) === name.kind).map(({ base }) => base);
    const permitted = subtreesFor(constraints.permittedSubtrees);
    const excluded = subtreesFor(constraints.excludedSubtrees);
    const results = [...permitted, ...excluded].map((base) => within(name, base));
    if (results.includes(undefined))
      return `"${issuer.label}" constrains names of the kind of ${text(name)} in a way that cannot be checked here`;
    if (permitted.length > 0 && !results.slice(0, permitted.length).includes('certain'))
      return `${text(name)} is outside of what "${issuer.label}" may certify`;
    if (results.slice(permitted.length).some((r) => r !== 'no'))
      return `${text(name)} is among what "${issuer.label}" must not certify`;
  }
  return undefined;
}

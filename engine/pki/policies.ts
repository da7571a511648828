/**
 * Certificate policies along a path (RFC 5280 §6.1). We ask for no policy in particular (user-initial-policy-set is
 * any-policy, nothing inhibited), so a path fails only when a CA in it demands an explicit policy and none is left.
 * Of the valid policy tree the nodes of the current depth are enough for that: pruning empties it exactly when they
 * are gone (RFC 9618 §5 works the same way, and bounds the size).
 */
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  CertificatePolicies,
  InhibitAnyPolicy,
  PolicyConstraints,
  PolicyMappings,
} from '@peculiar/asn1-x509';
import { toHex } from '../base/bytes.ts';

export const POLICY_OID = {
  certificatePolicies: '2.5.29.32',
  policyMappings: '2.5.29.33',
  policyConstraints: '2.5.29.36',
  inhibitAnyPolicy: '2.5.29.54',
} as const;

const ANY = '2.5.29.32.0';

/** What a certificate says of policies. */
export interface PolicyExtensions {
  /** OIDs; `undefined` without the extension. */
  readonly policies: readonly string[] | undefined;
  readonly mappings: readonly (readonly [issuer: string, subject: string])[];
  /** Certificates below it after which a policy is demanded, mapping ends, any-policy counts no more. */
  readonly requireExplicit: number | undefined;
  readonly inhibitMapping: number | undefined;
  readonly inhibitAny: number | undefined;
}

/** Crafted certificates could make more of them than anybody has use for. */
const MOST_POLICIES = 256;

/** A count of certificates; a larger one than a path can have is as good as none. */
function count(octets: ArrayBuffer | undefined): number | undefined {
  if (octets === undefined) return undefined;
  const digits = toHex(new Uint8Array(octets));
  if (digits === '' || Number.parseInt(digits.slice(0, 2), 16) > 0x7f)
    throw new Error('a count of certificates is negative');
  return Math.min(Number.parseInt(digits.slice(0, 12), 16), 1_000_000);
}

/** @param of the octets of an extension. @throws Error for values that are no such extension */
export function readPolicyExtensions(of: (oid: string) => Uint8Array | undefined): PolicyExtensions {
  const value = <T>(oid: string, type: new () => T): T | undefined => {
    const octets = of(oid);
    return octets && AsnConvert.parse(octets, type);
  };
  const policies = value(POLICY_OID.certificatePolicies, CertificatePolicies)?.map(
    (one) => one.policyIdentifier,
  );
  const mappings = (value(POLICY_OID.policyMappings, PolicyMappings) ?? []).map(
    (one) => [String(one.issuerDomainPolicy), String(one.subjectDomainPolicy)] as const,
  );
  if ((policies?.length ?? 0) > MOST_POLICIES || mappings.length > MOST_POLICIES)
    throw new Error('it has more policies than anybody has use for');
  const constraints = value(POLICY_OID.policyConstraints, PolicyConstraints);
  return {
    policies,
    mappings,
    requireExplicit: count(constraints?.requireExplicitPolicy),
    inhibitMapping: count(constraints?.inhibitPolicyMapping),
    inhibitAny: count(value(POLICY_OID.inhibitAnyPolicy, InhibitAnyPolicy)?.value),
  };
}

/** What of a certificate policies depend on. */
export interface PolicyBearer {
  readonly policy: PolicyExtensions;
  readonly isSelfIssued: boolean;
}

/** Valid policies of one depth, each with the policies that the next certificate may go on with. */
type Level = ReadonlyMap<string, ReadonlySet<string>>;

const NONE: Level = new Map();
const WHOLE: Level = new Map([[ANY, new Set([ANY])]]);

/** Step (d) of RFC 5280 §6.1.3; (e) where the extension is missing. */
function narrowed(level: Level, { policies }: PolicyExtensions, anyCounts: boolean): Level {
  if (policies === undefined) return NONE;
  const next = new Map<string, ReadonlySet<string>>();
  const expected = new Set([...level.values()].flatMap((set) => [...set]));
  for (const policy of policies)
    if (policy !== ANY && (expected.has(policy) || level.has(ANY))) next.set(policy, new Set([policy]));
  if (policies.includes(ANY) && anyCounts)
    for (const policy of expected) if (!next.has(policy)) next.set(policy, new Set([policy]));
  return next;
}

/** Step (b) of §6.1.4. */
function mapped(level: Level, { mappings }: PolicyExtensions, allowed: boolean): Level {
  if (mappings.length === 0) return level;
  const next = new Map(level);
  for (const [issuer] of mappings) {
    const into = new Set(mappings.filter(([from]) => from === issuer).map(([, to]) => to));
    if (!allowed) next.delete(issuer);
    else if (level.has(issuer) || level.has(ANY)) next.set(issuer, into);
  }
  return next;
}

const lesser = (now: number, limit: number | undefined): number => Math.min(now, limit ?? now);

/**
 * Whether the path keeps its policies.
 * @param path from the certificate below the trust anchor down to the leaf
 * @returns where it fails and why, `undefined` when it does not
 */
export function policyViolation(
  path: readonly PolicyBearer[],
): { readonly index: number; readonly reason: string } | undefined {
  let level = WHOLE;
  let explicit = path.length + 1;
  let mapping = path.length + 1;
  let any = path.length + 1;
  for (const [index, { policy, isSelfIssued }] of path.entries()) {
    const isLast = index === path.length - 1;
    level = narrowed(level, policy, any > 0 || (!isLast && isSelfIssued));
    const reason = 'a CA demands a policy that all certificates below it have, and none is left here';
    if (explicit === 0 && level.size === 0) return { index, reason };
    if (isLast) {
      explicit = Math.min(Math.max(0, explicit - 1), policy.requireExplicit === 0 ? 0 : explicit);
      return explicit === 0 && level.size === 0 ? { index, reason } : undefined;
    }
    if (policy.mappings.some((pair) => pair.includes(ANY)))
      return { index, reason: 'it maps the policy that stands for any other (anyPolicy)' };
    level = mapped(level, policy, mapping > 0);
    if (!isSelfIssued)
      [explicit, mapping, any] = [explicit, mapping, any].map((n) => Math.max(0, n - 1)) as [
        number,
        number,
        number,
      ];
    explicit = lesser(explicit, policy.requireExplicit);
    mapping = lesser(mapping, policy.inhibitMapping);
    any = lesser(any, policy.inhibitAny);
  }
  return undefined;
}

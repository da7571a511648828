/**
 * Certification paths from a peer's certificate to a trust anchor (RFC 5280 §6, profile of RFC 4945 §5.1).
 *
 * A trust anchor is a name and a key that the user chose. Its own signature and validity are not checked
 * (RFC 5280 §6.1.1 d); an anchor out of date is a warning. Its basicConstraints, keyUsage, key strength,
 * pathLenConstraint and name constraints are honoured. A peer's certificate that is itself among the anchors,
 * octet by octet, is trusted without a path but checked like any other leaf.
 */
import { equalBytes } from '../base/bytes.ts';
import { Certificate } from './certificate.ts';
import { PkiError } from './error.ts';
import { violation } from './name-constraints.ts';
import { policyViolation } from './policies.ts';
import { keyWeakness, signatureWeakness } from './strength.ts';

export type PathCheck =
  | 'no-certificate'
  | 'unknown-ca'
  | 'expired'
  | 'not-yet-valid'
  | 'signature'
  | 'basic-constraints'
  | 'path-length'
  | 'key-usage'
  | 'eku'
  | 'name-constraints'
  | 'policy'
  | 'weak-algorithm'
  | 'critical-extension'
  | 'identity'
  | 'parse';

export interface PathFailure {
  readonly ok: false;
  readonly check: PathCheck;
  /** The certificate that failed, as text. */
  readonly subject: string;
  /** A sentence for a person. */
  readonly detail: string;
}

export interface PathSuccess {
  readonly ok: true;
  readonly leaf: Certificate;
  /** Leaf first, trust anchor last. */
  readonly chain: readonly Certificate[];
  /** Sentences about what is legal but will bite, such as an anchor out of date. */
  readonly warnings: readonly string[];
}

export type PathVerdict = PathSuccess | PathFailure;

export interface PathPolicy {
  readonly anchors: readonly Certificate[];
  /** The moment to check validity at, in milliseconds since 1970. */
  readonly at: number;
  /** `enforce` (default): an extendedKeyUsage in the leaf must name a purpose that fits. */
  readonly eku?: 'enforce' | 'ignore';
  /** What the leaf's owner is to us; decides between serverAuth (default) and clientAuth. */
  readonly peer?: 'server' | 'client';
  /** Accepts RSA below 2048 bits, curves below 256 bits, and MD5 and SHA-1 signatures. */
  readonly allowLegacy?: boolean;
}

/** Certificates that are read from one peer; more are ignored. */
const MAX_RECEIVED = 32;
/** Certificates in a path, both ends counted. */
const MAX_LENGTH = 10;
/** Paths that are tried; crafted sets could have very many. */
const MAX_PATHS = 64;

const EKU = {
  any: '2.5.29.37.0',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  ipsecIke: '1.3.6.1.5.5.7.3.17',
  ikeIntermediate: '1.3.6.1.5.5.8.2.2',
} as const;

const fail = (check: PathCheck, certificate: Certificate, detail: string): PathFailure => ({
  ok: false,
  check,
  subject: certificate.label,
  detail,
});

const date = (at: number): string =>
  Number.isFinite(at) && Math.abs(at) <= 8.64e15
    ? `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`
    : 'an unknown time';

/**
 * Checks what a peer sent in its CERT payloads: the first is its own certificate, the rest are CAs in any
 * order. CAs that cannot be read or do not belong are passed over.
 */
export function verifyPath(received: readonly Uint8Array[], policy: PathPolicy): PathVerdict {
  const [first, ...others] = received;
  if (!first)
    return {
      ok: false,
      check: 'no-certificate',
      subject: '',
      detail: 'The peer sent no certificate, so its signature cannot be checked.',
    };
  let leaf: Certificate;
  try {
    leaf = new Certificate(first);
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    return {
      ok: false,
      check: 'parse',
      subject: '',
      detail: `The peer's certificate cannot be read: ${cause.message}.`,
    };
  }
  return verifyLeaf(leaf, readOthers(others.slice(0, MAX_RECEIVED - 1)), policy);
}

function readOthers(received: readonly Uint8Array[]): Certificate[] {
  const read: Certificate[] = [];
  for (const der of received) {
    try {
      const certificate = new Certificate(der);
      if (!read.some((c) => c.equals(certificate))) read.push(certificate);
    } catch (cause) {
      if (!(cause instanceof PkiError)) throw cause;
    }
  }
  return read;
}

/** The same for certificates that are already read. */
export function verifyLeaf(
  leaf: Certificate,
  intermediates: readonly Certificate[],
  policy: PathPolicy,
): PathVerdict {
  if (policy.anchors.some((anchor) => anchor.equals(leaf)))
    return checkLeaf(leaf, policy) ?? { ok: true, leaf, chain: [leaf], warnings: [] };
  let firstFailure: PathFailure | undefined;
  for (const chain of paths(leaf, intermediates, policy.anchors)) {
    const failure = checkPath(chain, policy);
    if (!failure) return { ok: true, leaf, chain, warnings: anchorWarnings(chain, policy) };
    firstFailure ??= failure;
  }
  return firstFailure ?? unknownCa(leaf, intermediates, policy);
}

/** Whether `issuer` can be the one that `certificate` names; key identifiers, where both have one, decide among namesakes. */
function mayIssue(issuer: Certificate, certificate: Certificate): boolean {
  if (!issuer.subject.equals(certificate.issuer)) return false;
  const [wanted, has] = [certificate.authorityKeyId, issuer.subjectKeyId];
  return !wanted || !has || equalBytes(wanted, has);
}

/** Chains from the leaf to an anchor by name alone, shortest way to an anchor first; bounded. */
function* paths(
  leaf: Certificate,
  intermediates: readonly Certificate[],
  anchors: readonly Certificate[],
): Generator<readonly Certificate[]> {
  let budget = MAX_PATHS;
  let steps = MAX_PATHS * MAX_LENGTH;
  function* grow(chain: readonly Certificate[]): Generator<readonly Certificate[]> {
    const last = chain.at(-1);
    if (!last || steps-- <= 0) return;
    for (const anchor of anchors) {
      if (budget <= 0) return;
      if (!mayIssue(anchor, last)) continue;
      budget--;
      yield [...chain, anchor];
    }
    if (chain.length >= MAX_LENGTH - 1) return;
    for (const next of intermediates)
      if (mayIssue(next, last) && !chain.some((c) => c.equals(next))) yield* grow([...chain, next]);
  }
  yield* grow([leaf]);
}

function unknownCa(
  leaf: Certificate,
  intermediates: readonly Certificate[],
  policy: PathPolicy,
): PathFailure {
  let last = leaf;
  for (let length = 1; length < MAX_LENGTH; length++) {
    const next = intermediates.find((c) => mayIssue(c, last) && !c.equals(last));
    if (!next || next.isSelfIssued) break;
    last = next;
  }
  const trusted = policy.anchors.map((a) => `"${a.label}"`).join(', ') || 'none';
  const who = leaf.isSelfIssued
    ? `The certificate "${leaf.label}" is self-signed and not among the trusted ones`
    : `No trusted CA issued the certificate "${leaf.label}": its chain ends at the issuer "${last.issuer}"`;
  return fail(
    'unknown-ca',
    leaf,
    `${who} (trusted: ${trusted}). Add that CA's certificate to the profile if you trust it.`,
  );
}

/** The first check that a complete chain (leaf first, anchor last) does not pass. */
function checkPath(chain: readonly Certificate[], policy: PathPolicy): PathFailure | undefined {
  for (let i = chain.length - 2; i >= 0; i--) {
    const [certificate, issuer] = [chain[i], chain[i + 1]];
    if (!certificate || !issuer) continue;
    const failure =
      checkIssuer(issuer, chain.slice(1, i + 1), policy, i + 1 === chain.length - 1) ??
      checkSigned(certificate, issuer, policy) ??
      (i > 0 ? checkValidity(certificate, policy) : undefined);
    if (failure) return failure;
  }
  const leaf = chain[0];
  if (!leaf) return undefined;
  return checkLeaf(leaf, policy) ?? checkPurposes(chain, policy) ?? checkNames(chain) ?? checkPolicies(chain);
}

function checkSigned(
  certificate: Certificate,
  issuer: Certificate,
  policy: PathPolicy,
): PathFailure | undefined {
  const weak = policy.allowLegacy ? undefined : signatureWeakness(certificate);
  if (weak)
    return fail(
      'weak-algorithm',
      certificate,
      `The certificate "${certificate.label}" is signed with ${weak}, which is not safe. It has to be issued anew with SHA-256 or better.`,
    );
  if (!certificate.isSignedBy(issuer))
    return fail(
      'signature',
      certificate,
      `The signature on the certificate "${certificate.label}" is not by its issuer "${issuer.label}". It was altered, or the CA has another key than the trusted one.`,
    );
  return undefined;
}

function checkIssuer(
  issuer: Certificate,
  below: readonly Certificate[],
  policy: PathPolicy,
  isAnchor: boolean,
): PathFailure | undefined {
  const weak = checkStrength(issuer, policy) ?? checkCritical(issuer);
  if (weak) return weak;
  const basic = issuer.basicConstraints;
  // A version 1 certificate cannot say that it is a CA: only the user's own word makes it one.
  const trustedV1 = isAnchor && issuer.version < 3;
  if (!basic?.ca && !trustedV1)
    return fail(
      'basic-constraints',
      issuer,
      `"${issuer.label}" is not a CA (basicConstraints), so it cannot issue certificates.`,
    );
  if (issuer.keyUsage && !issuer.keyUsage.includes('keyCertSign'))
    return fail(
      'key-usage',
      issuer,
      `The key of the CA "${issuer.label}" may not sign certificates (keyUsage without keyCertSign).`,
    );
  const allowed = basic?.pathLength;
  const used = below.filter((c) => !c.isSelfIssued).length;
  if (allowed !== undefined && used > allowed)
    return fail(
      'path-length',
      issuer,
      `The CA "${issuer.label}" allows ${allowed} CAs below it, but the chain has ${used}.`,
    );
  return undefined;
}

function checkValidity(certificate: Certificate, policy: PathPolicy): PathFailure | undefined {
  if (policy.at > certificate.notAfter)
    return fail(
      'expired',
      certificate,
      `The certificate "${certificate.label}" expired on ${date(certificate.notAfter)}; it is now ${date(policy.at)}. It must be renewed, or this computer's clock is wrong.`,
    );
  if (policy.at < certificate.notBefore)
    return fail(
      'not-yet-valid',
      certificate,
      `The certificate "${certificate.label}" is valid from ${date(certificate.notBefore)} on; it is now ${date(policy.at)}. Check this computer's clock.`,
    );
  return undefined;
}

function checkStrength(certificate: Certificate, policy: PathPolicy): PathFailure | undefined {
  const weak = keyWeakness(certificate, policy.allowLegacy ?? false);
  return weak === undefined
    ? undefined
    : fail(
        'weak-algorithm',
        certificate,
        `The key of "${certificate.label}" is ${certificate.keyText}: ${weak}.`,
      );
}

function checkCritical(certificate: Certificate): PathFailure | undefined {
  const oid = certificate.unknownCritical[0];
  return oid === undefined
    ? undefined
    : fail(
        'critical-extension',
        certificate,
        `The certificate "${certificate.label}" has a critical extension that is not understood (${oid}), so it must be refused.`,
      );
}

function checkLeaf(leaf: Certificate, policy: PathPolicy): PathFailure | undefined {
  return (
    checkStrength(leaf, policy) ??
    checkCritical(leaf) ??
    checkValidity(leaf, policy) ??
    checkLeafUsage(leaf, policy)
  );
}

function checkLeafUsage(leaf: Certificate, policy: PathPolicy): PathFailure | undefined {
  if (leaf.basicConstraints?.ca)
    return fail(
      'basic-constraints',
      leaf,
      `"${leaf.label}" is the certificate of a CA; a peer must prove itself with one of its own.`,
    );
  const usage = leaf.keyUsage;
  if (usage && !usage.includes('digitalSignature') && !usage.includes('nonRepudiation'))
    return fail(
      'key-usage',
      leaf,
      `The key of "${leaf.label}" may be used for ${usage.join(', ') || 'nothing'} only; IKE needs digitalSignature (RFC 4945 §5.1.3.2).`,
    );
  if (policy.eku === 'ignore' || !leaf.extendedKeyUsage) return undefined;
  const purpose = policy.peer === 'client' ? 'clientAuth' : 'serverAuth';
  if (leaf.extendedKeyUsage.some((oid) => purposesFor(policy).includes(oid))) return undefined;
  return fail(
    'eku',
    leaf,
    `The certificate "${leaf.label}" is for ${leaf.extendedKeyUsage.join(', ')}; it needs ${purpose} or ipsecIKE in extendedKeyUsage. The profile can switch this check off.`,
  );
}

/** What the leaf must be for, one of them. */
const purposesFor = ({ peer }: PathPolicy): readonly string[] => [
  EKU.any,
  EKU[peer === 'client' ? 'clientAuth' : 'serverAuth'],
  EKU.ipsecIke,
  EKU.ikeIntermediate,
];

/** A CA that is for some purposes alone cannot vouch for others; RFC 5280 says nothing of it, all browsers do so. */
function checkPurposes(chain: readonly Certificate[], policy: PathPolicy): PathFailure | undefined {
  if (policy.eku === 'ignore') return undefined;
  const limited = chain
    .slice(1, -1)
    .find(
      (ca) => ca.extendedKeyUsage && !ca.extendedKeyUsage.some((oid) => purposesFor(policy).includes(oid)),
    );
  return (
    limited &&
    fail(
      'eku',
      limited,
      `The CA "${limited.label}" is for ${limited.extendedKeyUsage?.join(', ')} only (extendedKeyUsage), so it cannot vouch for this peer. The profile can switch this check off.`,
    )
  );
}

function checkPolicies(chain: readonly Certificate[]): PathFailure | undefined {
  const path = chain.slice(0, -1).reverse();
  const found = policyViolation(path);
  const at = found && path[found.index];
  return (
    at &&
    fail(
      'policy',
      at,
      `The certificate "${at.label}" breaks the rules of certificate policies: ${found.reason}.`,
    )
  );
}

function checkNames(chain: readonly Certificate[]): PathFailure | undefined {
  for (const [i, certificate] of chain.entries()) {
    if (i > 0 && certificate.isSelfIssued) continue;
    for (const issuer of chain.slice(i + 1)) {
      const reason = violation(certificate, issuer);
      if (reason)
        return fail(
          'name-constraints',
          certificate,
          `The certificate "${certificate.label}" breaks a name constraint: ${reason}.`,
        );
    }
  }
  return undefined;
}

function anchorWarnings(chain: readonly Certificate[], policy: PathPolicy): string[] {
  const anchor = chain.at(-1);
  const invalid = anchor && checkValidity(anchor, policy);
  return anchor && invalid
    ? [`The trusted CA is out of date, which does not stop the connection. ${invalid.detail}`]
    : [];
}

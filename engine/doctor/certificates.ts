/** What is said of one certificate, whoever it belongs to: dates, strength, what it may be used for. */
import type { Certificate } from '../pki/certificate.ts';
import { keyWeakness, signatureWeakness } from '../pki/strength.ts';
import { type Finding, fail, pass, warn } from './rule.ts';

const DAY = 86_400_000;
/** Time enough to have a new one made. */
const SOON_DAYS = 30;

/** `2026-06-01`, in UTC. */
export const day = (at: number): string =>
  Number.isFinite(at) && Math.abs(at) <= 8.64e15 ? new Date(at).toISOString().slice(0, 10) : 'an unknown day';

const days = (span: number): string => {
  const whole = Math.floor(span / DAY);
  return whole === 1 ? '1 day' : `${whole} days`;
};

const CLOCK = "If that is not so, set this computer's clock.";

/** Validity now and in the next 30 days. `renew` says who has to act. */
export function datesFinding(
  { label, notBefore, notAfter }: Certificate,
  at: number,
  renew: string,
): Finding {
  if (at > notAfter)
    return fail(
      `"${label}" expired on ${day(notAfter)}, ${days(at - notAfter)} ago; it is now ${day(at)}.`,
      renew,
      CLOCK,
    );
  if (at < notBefore)
    return fail(`"${label}" is valid from ${day(notBefore)} on; it is now ${day(at)}.`, CLOCK, renew);
  if (notAfter - at < SOON_DAYS * DAY)
    return warn(`"${label}" expires on ${day(notAfter)}, in ${days(notAfter - at)}.`, renew);
  return pass(`"${label}" is valid until ${day(notAfter)}.`);
}

const ANEW = 'Have it issued anew, with an RSA key of 3072 bits or ECDSA P-256 and signed with SHA-256.';
const LEGACY = 'Set "allowLegacy": true in the profile if you must go on with it for a while.';

/** The key, and the signature on it. @param trusted an anchor: its own signature does not count */
export function strengthFinding(certificate: Certificate, allowLegacy: boolean, trusted = false): Finding {
  const { label, keyText } = certificate;
  const unusable = keyWeakness(certificate, true);
  if (unusable !== undefined) return fail(`The key of "${label}" is ${keyText}: ${unusable}.`, ANEW);
  const weak = [
    ...[keyWeakness(certificate, false)]
      .flatMap((why) => why ?? [])
      .map((why) => `its key is ${keyText}: ${why}`),
    ...(trusted ? [] : [signatureWeakness(certificate)])
      .flatMap((name) => name ?? [])
      .map((name) => `it is signed with ${name}, which is not safe`),
  ];
  if (weak.length === 0)
    return pass(`"${label}" has a key of the kind ${keyText}, and is signed with a safe algorithm.`);
  const text = `"${label}" is weak: ${weak.join(', and ')}.`;
  return allowLegacy ? warn(`${text} The profile allows it.`, ANEW) : fail(text, ANEW, LEGACY);
}

export const EKU = {
  any: '2.5.29.37.0',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  ipsecIke: '1.3.6.1.5.5.7.3.17',
  ikeIntermediate: '1.3.6.1.5.5.8.2.2',
} as const;

const EKU_NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries({ ...EKU, codeSigning: '1.3.6.1.5.5.7.3.3', emailProtection: '1.3.6.1.5.5.7.3.4' }).map(
    ([name, oid]) => [oid, name],
  ),
);

/** extendedKeyUsage in words; `undefined` without the extension. */
export const purposes = ({ extendedKeyUsage }: Certificate): string | undefined =>
  extendedKeyUsage?.map((oid) => EKU_NAMES.get(oid) ?? oid).join(', ');

/** What a certificate needs to prove a peer of IKE with (RFC 4945 §5.1.3). @param enforced a wrong purpose ends the attempt */
export function purposeFinding(leaf: Certificate, peer: 'server' | 'client', enforced: boolean): Finding {
  const { label, keyUsage, extendedKeyUsage } = leaf;
  const anew = 'Have it issued anew for this purpose.';
  if (leaf.basicConstraints?.ca)
    return fail(`"${label}" is the certificate of a CA, which must not prove a peer.`, anew);
  if (keyUsage && !keyUsage.includes('digitalSignature') && !keyUsage.includes('nonRepudiation'))
    return fail(
      `The key of "${label}" may be used for ${keyUsage.join(', ') || 'nothing'} only (keyUsage); IKE needs digitalSignature.`,
      anew,
    );
  const purpose = peer === 'server' ? 'serverAuth' : 'clientAuth';
  if (!extendedKeyUsage)
    return pass(`"${label}" may sign, and is for any purpose (it has no extendedKeyUsage).`);
  const fitting: readonly string[] = [EKU.any, EKU[purpose], EKU.ipsecIke, EKU.ikeIntermediate];
  if (extendedKeyUsage.some((oid) => fitting.includes(oid)))
    return pass(`"${label}" may sign, and is for ${purposes(leaf)}.`);
  const text = `"${label}" is for ${purposes(leaf)}; IKE peers look for ${purpose} or ipsecIKE (extendedKeyUsage).`;
  return enforced ? fail(text, anew) : warn(text, anew);
}

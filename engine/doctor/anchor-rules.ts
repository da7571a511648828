/** Checks of whom the profile trusts, and of whom it expects at the other end. */
import { datesFinding, day, strengthFinding } from './certificates.ts';
import { IDENTITY_RULES } from './identity-rules.ts';
import { type Finding, fail, pass, type Rule, warn } from './rule.ts';

const anchors: Rule = {
  id: 'anchors',
  title: 'Trusted CAs',
  judge: ({ anchors, at, profile }) => {
    if (!anchors) return undefined;
    const findings: Finding[] = anchors.problems.map((problem) =>
      fail(`${problem}.`, 'Import the CA certificate of the gateway again.'),
    );
    if (anchors.certificates.length === 0)
      findings.push(
        fail(
          'The profile trusts no CA, so no gateway can prove itself.',
          'Add the CA certificate of the gateway to remote.anchors.',
        ),
      );
    for (const one of anchors.certificates) {
      const isCa = one.basicConstraints?.ca ?? one.version < 3;
      const strength = strengthFinding(one, profile.allowLegacy, true);
      if (!isCa && !one.isSelfIssued)
        findings.push(
          warn(
            `"${one.label}" is no CA: only a gateway with exactly this certificate is trusted by it.`,
            'Trust the CA that issued it instead, so that the gateway can renew its certificate.',
          ),
        );
      else if (isCa && one.keyUsage && !one.keyUsage.includes('keyCertSign'))
        findings.push(
          fail(
            `The key of "${one.label}" may not sign certificates (keyUsage without keyCertSign).`,
            'Import the right CA.',
          ),
        );
      if (strength.verdict !== 'pass') findings.push(strength);
      const dates = datesFinding(one, at, 'Ask your administrator for the CA certificate that follows it.');
      // An anchor is trusted for its key; being out of date does not end the attempt (RFC 5280 §6.1.1 d).
      if (dates.verdict !== 'pass') findings.push({ ...dates, verdict: 'warn' });
      else findings.push(pass(`"${one.label}" is trusted, valid until ${day(one.notAfter)}.`));
    }
    return findings;
  },
};

const modes: Rule = {
  id: 'revocation-mode',
  title: 'Asking whether certificates are revoked',
  judge: ({ profile: { remote } }) => {
    if (remote.auth.kind !== 'pubkey') return undefined;
    const { crl, ocsp } = remote.auth.revocation;
    if (crl === 'off' && ocsp === 'off')
      return warn(
        'Nobody is asked whether the certificate of the gateway was revoked.',
        'Set remote.revocation to relaxed, unless the CA has no such service.',
      );
    return pass(`CRLs: ${crl}, OCSP: ${ocsp}.`);
  },
};

const eku: Rule = {
  id: 'gateway-purpose-enforced',
  title: 'Purpose of the certificate of the gateway',
  judge: ({ profile: { remote } }) => {
    if (remote.auth.kind !== 'pubkey') return undefined;
    return remote.auth.eku === 'enforce'
      ? pass('A certificate with a purpose must be one of a server or for IKE.')
      : warn(
          'remote.eku is "ignore": a certificate that was issued to a user can pose as the gateway.',
          'Have the certificate of the gateway issued for serverAuth, and set remote.eku to "enforce".',
        );
  },
};

export const ANCHOR_RULES: readonly Rule[] = [anchors, ...IDENTITY_RULES, eku, modes];

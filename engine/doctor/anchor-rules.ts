/** Checks of whom the profile trusts, and of whom it expects at the other end. */
import { canonicalIp } from '../base/ip.ts';
import { datesFinding, day, strengthFinding } from './certificates.ts';
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

/** The last two labels: what organisations usually call their own. */
const domain = (name: string): string => name.toLowerCase().split('.').slice(-2).join('.');

const isHost = (text: string): boolean => /^[A-Za-z0-9*-]+(\.[A-Za-z0-9-]+)+\.?$/.test(text);

const remoteIdentity: Rule = {
  id: 'remote-identity',
  title: 'Identity of the gateway',
  judge: ({ profile }) => {
    const { hosts } = profile.gateway;
    const { id, auth } = profile.remote;
    const byCertificate = auth.kind === 'pubkey';
    if (id === '%any')
      return warn(
        byCertificate
          ? 'remote.id is %any: whoever has a certificate of a trusted CA, another user for example, can pose as the gateway.'
          : 'remote.id is %any: whoever knows the shared secret, another user for example, can pose as the gateway.',
        'Set remote.id to the name of the gateway.',
      );
    const wanted = id ?? hosts[0] ?? '';
    const ip = canonicalIp(wanted);
    if (byCertificate && ip !== undefined)
      return warn(
        `The gateway must prove that it is ${ip}, so its certificate must have IP:${ip} in subjectAltName; few have an address there.`,
        'Set remote.id to the host name that is in the certificate of the gateway.',
      );
    const others = hosts.filter((host) => canonicalIp(host) === undefined);
    if (isHost(wanted) && others.length > 0 && !others.some((host) => domain(host) === domain(wanted)))
      return warn(
        `The gateway is reached as ${others.join(', ')} but must prove that it is "${wanted}".`,
        'Check the spelling of remote.id and gateway.hosts.',
      );
    return pass(`The gateway must prove that it is "${wanted}".`);
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

export const ANCHOR_RULES: readonly Rule[] = [anchors, remoteIdentity, eku, modes];

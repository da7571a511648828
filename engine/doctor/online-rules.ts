/** Checks that ask servers of the CAs: whether they answer, what they say, what time it is. */
import { day } from './certificates.ts';
import { gatewayCertificates } from './facts.ts';
import { fail, pass, type Rule, skipped, warn } from './rule.ts';

const ONLINE = 'Check with --online.';

const LOG_IN =
  'If this network wants you to log in first (hotel, train), do that in a browser and check again.';

const revocation: Rule = {
  id: 'revocation',
  title: 'Revocation servers',
  judge: (facts) => {
    const { own, anchors, online } = facts;
    if (!own && !anchors) return undefined;
    if (!online) return skipped('No revocation server was asked.', ONLINE);
    if (online.sources.length === 0)
      return gatewayCertificates(facts).length > 0 || !anchors
        ? warn(
            'The certificates name no server to ask by HTTP whether they are revoked.',
            'Leave remote.revocation at relaxed: strict would refuse such certificates.',
          )
        : skipped(
            'Our certificates name no server to ask; those of the gateway are not known before it was asked.',
            'Check with --connect as well.',
          );
    const strict =
      facts.profile.remote.auth.kind === 'pubkey' &&
      Object.values(facts.profile.remote.auth.revocation).includes('strict');
    return online.sources.map(({ subject, kind, url, status }) => {
      const who = `${kind} at ${url} for "${subject}"`;
      if (status.kind === 'good') return pass(`${who}: good.`);
      if (status.kind === 'revoked')
        return fail(
          `${who}: revoked on ${day(status.at)} (reason: ${status.reason ?? 'unspecified'}).`,
          'Ask your administrator for a new certificate.',
        );
      const text = `${who}: ${status.why}.`;
      const advice = status.captive ? [LOG_IN] : ['Try again later, or tell whoever runs the CA.', LOG_IN];
      return strict ? fail(text, ...advice) : warn(text, ...advice);
    });
  },
};

/** Certificates are made with a margin of minutes, CRLs and OCSP responses too. */
const SKEW_MS = 5 * 60_000;
const LARGE_SKEW_MS = 24 * 3_600_000;

function span(milliseconds: number): string {
  const minutes = Math.round(Math.abs(milliseconds) / 60_000);
  if (minutes < 120) return `${minutes} minutes`;
  return minutes < 2880 ? `${Math.round(minutes / 60)} hours` : `${Math.round(minutes / 1440)} days`;
}

const clock: Rule = {
  id: 'clock',
  title: "This computer's clock",
  judge: ({ online, at }) => {
    if (!online) return skipped('The clock was compared with no other.', ONLINE);
    if (online.skew === undefined)
      return skipped('No server told its time.', 'Compare the clock with another one yourself.');
    const { skew } = online;
    if (Math.abs(skew) <= SKEW_MS) return pass('The clock is right: it agrees with that of the servers.');
    const text = `The clock is ${span(skew)} ${skew > 0 ? 'behind' : 'ahead'}: here it is ${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC. Certificates and revocation answers then seem out of date.`;
    const advice = "Set this computer's clock, best by its time service (NTP).";
    return Math.abs(skew) > LARGE_SKEW_MS ? fail(text, advice) : warn(text, advice);
  },
};

export const ONLINE_RULES: readonly Rule[] = [revocation, clock];

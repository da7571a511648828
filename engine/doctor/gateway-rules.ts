/** Checks that ask the gateway: what it negotiates, who it is, and its certificates one by one. */
import type { Certificate } from '../pki/certificate.ts';
import { PkiError } from '../pki/error.ts';
import { matchIdentity } from '../pki/identity.ts';
import { DistinguishedName } from '../pki/name.ts';
import { verifyLeaf } from '../pki/path.ts';
import type { ProbeResult } from '../tunnel/probe.ts';
import { selectorText } from '../tunnel/selector-text.ts';
import { espSuite, ikeSuite } from '../tunnel/suite-text.ts';
import { datesFinding, purposeFinding, strengthFinding } from './certificates.ts';
import { type Facts, gatewayCertificates } from './facts.ts';
import { type Finding, fail, pass, type Rule, warn } from './rule.ts';

const RENEW = 'Tell whoever runs the gateway to renew it.';

/** Judges what the gateway said; when it was not asked, only the first of the rules says why. */
const ofProbe =
  (judge: (result: ProbeResult, facts: Facts) => Finding | readonly Finding[] | undefined) =>
  (facts: Facts): Finding | readonly Finding[] | undefined =>
    facts.gateway?.kind === 'asked' ? judge(facts.gateway.result, facts) : undefined;

/** Judges the certificates that the gateway sent. */
const ofCertificates =
  (judge: (facts: Facts) => Finding | readonly Finding[] | undefined) =>
  (facts: Facts): Finding | readonly Finding[] | undefined =>
    gatewayCertificates(facts).length > 0 ? judge(facts) : undefined;

const endpointText = ({ endpoint }: ProbeResult): string =>
  endpoint ? `${endpoint.address} port ${endpoint.port}` : 'the gateway';

const answers: Rule = {
  id: 'gateway-answers',
  title: 'Answer of the gateway',
  judge: ({ gateway }) => {
    if (!gateway) return undefined;
    if (gateway.kind === 'not-asked')
      return { verdict: 'skipped', text: gateway.why, advice: gateway.advice };
    const { result } = gateway;
    const { view, failure } = result;
    if (!view?.suite)
      return fail(
        failure ? `${failure.message} (${failure.code}).` : `${endpointText(result)} did not answer.`,
        ...(failure?.advice ?? []),
      );
    const { text, weak } = ikeSuite(view.suite);
    const round = view.roundTrip === undefined ? '' : ` after ${Math.round(view.roundTrip)} ms`;
    const what = `${endpointText(result)} answered${round} and chose ${text} for the IKE SA`;
    return weak
      ? warn(
          `${what}, which is weak: ${weak.join(', ')}.`,
          'Ask whoever runs the gateway for better algorithms.',
        )
      : pass(`${what}; IKE fragmentation is ${view.fragmentation ? 'agreed' : 'not agreed'}.`);
  },
};

const nat: Rule = {
  id: 'gateway-nat',
  title: 'NAT on the way',
  judge: ofProbe(({ view }) => {
    if (!view?.suite) return undefined;
    const { local, remote } = view.nat;
    const seen =
      local && remote
        ? 'There is a NAT in front of us, and one in front of the gateway, or the gateway pretends it to have ESP in UDP'
        : local
          ? 'There is a NAT in front of us'
          : remote
            ? 'There is a NAT in front of the gateway, or it pretends that to have ESP in UDP'
            : 'There is no NAT on the way';
    return pass(`${seen}; ESP is carried in UDP in any case.`);
  }),
};

const authentication: Rule = {
  id: 'gateway-authentication',
  title: 'Authentication of both sides',
  judge: ofProbe(({ view, failure }) => {
    if (!view?.suite) return undefined;
    if (failure?.code === 'SECRET_NEEDED') return pass(`Not gone through to the end: ${failure.message}.`);
    if (failure) return fail(`${failure.message} (${failure.code}).`, ...(failure.advice ?? []));
    return pass(
      'The gateway proved itself, accepted us, and agreed to the tunnel; the IKE SA was closed again.',
    );
  }),
};

const tunnel: Rule = {
  id: 'gateway-tunnel',
  title: 'What the gateway gives',
  judge: ofProbe(({ view, failure, assigned }) => {
    const child = view?.children[0];
    if (failure || !child) return undefined;
    const { text, weak } = espSuite(child.suite, child.esn, child.keMethod, child.additional);
    const addresses = assigned?.addresses.map(({ address, length }) => `${address}/${length}`) ?? [];
    const says = [
      `ESP with ${text} to ${child.remote.map(selectorText).join(', ')}`,
      ...(addresses.length > 0 ? [`addresses ${addresses.join(', ')}`] : []),
      ...(assigned?.dns.length ? [`DNS ${assigned.dns.join(', ')}`] : []),
    ].join('; ');
    if (weak)
      return warn(
        `${says}. ${weak.join(', ')} is weak.`,
        'Ask whoever runs the gateway for better algorithms.',
      );
    return child.narrowed
      ? warn(
          `${says}. The gateway gave less than the selectors of the profile ask for.`,
          `Set children.${child.name}.remote to what the gateway gives, if that is all you need.`,
        )
      : pass(`${says}.`);
  }),
};

const policyOf = ({ profile, anchors, at }: Facts): Parameters<typeof verifyLeaf>[2] => ({
  anchors: anchors?.certificates ?? [],
  at,
  eku: 'ignore',
  allowLegacy: profile.allowLegacy,
});

const chain: Rule = {
  id: 'gateway-chain',
  title: 'Chain of the gateway',
  judge: ofCertificates((facts) => {
    const [leaf, ...others] = gatewayCertificates(facts);
    if (!leaf) return undefined;
    const verdict = verifyLeaf(leaf, others, policyOf(facts));
    if (verdict.ok)
      return pass(
        `Issued by a trusted CA: ${verdict.chain.map((one) => `"${one.label}"`).join(', issued by ')}.`,
      );
    const unknown = 'If you trust that CA, add its certificate to remote.anchors; if not, do not connect.';
    return fail(verdict.detail, ...(verdict.check === 'unknown-ca' ? [unknown] : [RENEW]));
  }),
};

/** What is no name is fitted by none; `remote-identity` says so. */
function fitsSubject({ subject }: Certificate, dn: string): boolean {
  try {
    return subject.matches(DistinguishedName.fromText(dn));
  } catch (cause) {
    if (cause instanceof PkiError) return false;
    throw cause;
  }
}

const identity: Rule = {
  id: 'gateway-identity',
  title: 'Identity of the gateway and its certificate',
  judge: ofProbe((result, facts) => {
    const [leaf] = gatewayCertificates(facts);
    if (!leaf || !result.peer) return undefined;
    const { dn } = facts.profile.remote;
    if (dn !== undefined && !fitsSubject(leaf, dn))
      return fail(
        `The subject of its certificate, "${leaf.subject}", does not fit remote.dn, "${dn}".`,
        'Correct remote.dn, if that is your gateway.',
      );
    const match = matchIdentity(leaf, result.peer.identity);
    return match.ok
      ? pass(`Its certificate "${leaf.label}" confirms who it says it is.`)
      : fail(
          match.detail,
          'Set remote.id to one of the names that the certificate has, if that is your gateway.',
          RENEW,
        );
  }),
};

const dates: Rule = {
  id: 'gateway-dates',
  title: 'Validity of the certificates of the gateway',
  judge: ofCertificates((facts) =>
    gatewayCertificates(facts).map((one) => datesFinding(one, facts.at, RENEW)),
  ),
};

const purpose: Rule = {
  id: 'gateway-purpose',
  title: 'What the certificate of the gateway is for',
  judge: ofCertificates((facts) => {
    const [leaf] = gatewayCertificates(facts);
    const { auth } = facts.profile.remote;
    return leaf && purposeFinding(leaf, 'server', auth.kind === 'pubkey' && auth.eku === 'enforce');
  }),
};

const signatures: Rule = {
  id: 'gateway-signature',
  title: 'Keys and signatures of the certificates of the gateway',
  judge: ofCertificates((facts) =>
    gatewayCertificates(facts).map((one) =>
      strengthFinding(one, facts.profile.allowLegacy, one.isSelfIssued),
    ),
  ),
};

export const GATEWAY_RULES: readonly Rule[] = [
  answers,
  nat,
  chain,
  identity,
  dates,
  purpose,
  signatures,
  authentication,
  tunnel,
];

/** Checks of our own certificate and key. */
import { chainOf } from '../pki/authorities.ts';
import type { Certificate } from '../pki/certificate.ts';
import { PkiError } from '../pki/error.ts';
import { matchIdentity, parseIdentity } from '../pki/identity.ts';
import { describeKey } from '../pki/key-type.ts';
import { sourcesOf } from '../pki/revocation/sources.ts';
import { HASH } from '../pki/scheme.ts';
import { describeScheme, schemesFor } from '../pki/sign.ts';
import { datesFinding, purposeFinding, strengthFinding } from './certificates.ts';
import type { Facts, OwnFacts } from './facts.ts';
import { type Finding, fail, pass, type Rule, skipped, warn } from './rule.ts';

const RENEW = 'Ask your administrator for a new certificate.';

/** Judges our certificate where there is one that can be read. */
const ofLeaf =
  (judge: (leaf: Certificate, own: OwnFacts, facts: Facts) => Finding | readonly Finding[] | undefined) =>
  (facts: Facts): Finding | readonly Finding[] | undefined => {
    const leaf = facts.own?.chain[0];
    return facts.own && leaf && judge(leaf, facts.own, facts);
  };

const keyMatches: Rule = {
  id: 'key-matches-certificate',
  title: 'Private key and certificate',
  judge: ({ own }) => {
    if (!own) return undefined;
    const [leaf] = own.chain;
    const findings: Finding[] = [];
    if (!leaf)
      findings.push(
        fail(
          `The certificate cannot be used: ${own.certificateProblem ?? 'there is none'}.`,
          'Import it again: local.auth.certificate takes PEM text.',
        ),
      );
    if (own.locked)
      findings.push(
        skipped(
          'The private key is encrypted and its passphrase is not stored, so it was not compared with the certificate.',
          'Connect: the passphrase is asked for then.',
        ),
      );
    else if (!own.key)
      findings.push(
        fail(
          `The private key cannot be used: ${own.keyProblem ?? 'there is none'}.`,
          'Import it again with its passphrase: local.auth.key and local.auth.passphrase.',
        ),
      );
    if (leaf && own.key)
      findings.push(
        own.key.belongsTo(leaf)
          ? pass(`The private key (${describeKey(own.key.info)}) belongs to "${leaf.label}".`)
          : fail(
              `The private key (${describeKey(own.key.info)}) does not belong to "${leaf.label}" (${leaf.keyText}).`,
              'Import the certificate that was issued for this key, or the key that belongs to the certificate.',
              'The first certificate in local.auth.certificate must be yours; CAs go behind it or into local.auth.chain.',
            ),
      );
    return findings;
  },
};

const issuerText = (last: Certificate): string => {
  const urls = sourcesOf(last).issuer;
  return urls.length === 0 ? '' : ` It can be had at ${urls.join(' or ')}.`;
};

/** Whether the gateway can build a path out of what we send: up to a root, or to a CA that both sides are likely to share. */
const chain: Rule = {
  id: 'chain-complete',
  title: 'Chain of our certificate',
  judge: ofLeaf((leaf, own, { anchors }) => {
    const path = chainOf(leaf, [...own.chain, ...(anchors?.certificates ?? [])]);
    const last = path.at(-1) ?? leaf;
    const loose = own.chain.filter((one) => !path.some((used) => used.equals(one)));
    const findings = loose.map((one) =>
      warn(
        `"${one.label}" is sent along but issued nothing in the chain.`,
        'Take it out of local.auth.chain: it makes messages larger for nothing.',
      ),
    );
    if (last.isSelfIssued)
      return [
        ...findings,
        leaf === last
          ? warn(
              `"${leaf.label}" is self-signed: the gateway must have exactly this certificate.`,
              'Give the gateway this certificate, or have one issued by a CA that it trusts.',
            )
          : pass(`The chain is complete: ${path.map((one) => `"${one.label}"`).join(', issued by ')}.`),
      ];
    return [
      ...findings,
      warn(
        `The chain ends at "${last.label}": the certificate of its issuer "${last.issuer}" is not in the profile. That works only with a gateway that has it.${issuerText(last)}`,
        `Add the certificate of "${last.issuer}" to local.auth.chain if it is an intermediate CA.`,
      ),
    ];
  }),
};

const dates: Rule = {
  id: 'certificate-dates',
  title: 'Validity of our certificates',
  judge: ({ own, at }) => own?.chain.map((one) => datesFinding(one, at, RENEW)),
};

const purpose: Rule = {
  id: 'certificate-purpose',
  title: 'What our certificate is for',
  judge: ofLeaf((leaf) => purposeFinding(leaf, 'client', false)),
};

const identity: Rule = {
  id: 'certificate-identity',
  title: 'Our identity and our certificate',
  judge: ofLeaf((leaf, _own, { profile }) => {
    const { id, auth } = profile.local;
    // In EAP-TLS the certificate answers to the server inside of EAP, and local.id may be another name.
    if (auth.kind !== 'pubkey') return undefined;
    if (id === undefined) {
      return leaf.subject.isEmpty
        ? fail(
            'local.id is not set, and the certificate has no subject to identify with.',
            'Set local.id to one of its subjectAltNames.',
          )
        : pass(`We identify as the subject of our certificate, "${leaf.subject}".`);
    }
    try {
      const match = matchIdentity(leaf, parseIdentity(id));
      return match.ok
        ? pass(`Our certificate confirms local.id, "${id}".`)
        : fail(
            `Our certificate does not confirm local.id. ${match.detail}`,
            'Leave local.id out to identify as the subject of the certificate, or set it to one of the names that it has.',
            'Have a certificate issued with that name in subjectAltName.',
          );
    } catch (cause) {
      if (!(cause instanceof PkiError)) throw cause;
      return fail(`local.id is no identity: ${cause.message}.`, 'Correct local.id.');
    }
  }),
};

/** SHA-2 and Ed25519, which every gateway of today says that it takes (RFC 7427 §4, RFC 8420). */
const MODERN_HASHES = [HASH.SHA2_256, HASH.SHA2_384, HASH.SHA2_512, HASH.IDENTITY];

const signatures: Rule = {
  id: 'certificate-signature',
  title: 'Keys and signatures of our certificates',
  judge: (facts) => {
    const { own, profile } = facts;
    if (!own || own.chain.length === 0) return undefined;
    const findings = own.chain.map((one) => strengthFinding(one, profile.allowLegacy, one.isSelfIssued));
    const info = own.key?.info;
    if (!info || profile.local.auth.kind !== 'pubkey') return findings;
    const [best] = schemesFor(info, MODERN_HASHES, profile.ike.preferPss);
    const [classic] = schemesFor(info, undefined, false);
    if (best) findings.push(pass(`IKE_AUTH is signed as ${describeScheme(best)} (RFC 7427).`));
    if (!classic)
      findings.push(
        warn(
          `A gateway without signature hash negotiation (RFC 7427) cannot take a key of the kind ${describeKey(info)}.`,
          'If the gateway is an old one, use an RSA or ECDSA P-256, P-384 or P-521 key.',
        ),
      );
    return findings;
  },
};

const CERT_HEADER = 5;
/** IP and UDP headers, non-ESP marker, IKE and SK headers, cipher, and what IKE_AUTH holds beside CERT. */
const BESIDE = 700;
const ETHERNET = 1500;
/** Gateways often take no more (RFC 7383 leaves it to them). */
const MANY_FRAGMENTS = 16;

const size: Rule = {
  id: 'certificate-size',
  title: 'Size of our certificates',
  judge: ofLeaf((_leaf, own, { profile, pathMtu = ETHERNET }) => {
    const octets = own.chain.reduce((sum, { der }) => sum + der.length + CERT_HEADER, 0);
    const what = `${own.chain.length === 1 ? 'Our certificate has' : `Our ${own.chain.length} certificates have`} ${octets} octets`;
    if (octets + BESIDE <= pathMtu)
      return pass(`${what}, so IKE_AUTH fits into one datagram of ${pathMtu} octets.`);
    const { enabled, sizes } = profile.fragmentation;
    if (!enabled)
      return fail(
        `${what}, so IKE_AUTH is larger than a datagram of ${pathMtu} octets, and IKE fragmentation is off: many networks drop it.`,
        'Set "fragmentation": { "enabled": true }.',
      );
    const piece = Math.min(sizes[0] ?? ETHERNET, pathMtu);
    const count = Math.ceil((octets + BESIDE) / (piece - 100));
    return count > MANY_FRAGMENTS
      ? warn(
          `${what}, so IKE_AUTH takes about ${count} fragments: some gateways refuse so many.`,
          'Use ECDSA certificates, which are much smaller, or a shorter chain.',
        )
      : pass(`${what}, so IKE_AUTH takes about ${count} fragments of ${piece} octets (RFC 7383).`);
  }),
};

export const OWN_RULES: readonly Rule[] = [keyMatches, chain, dates, identity, purpose, signatures, size];

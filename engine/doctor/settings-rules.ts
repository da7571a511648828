/** Checks of a profile's secrets, algorithms and selectors, which no certificate is needed for. */
import { compareIp, inRange, parseIp, prefixRange } from '../base/ip.ts';
import type { Secret } from '../base/secret.ts';
import { type ProposalSpec, printProposal, weakTransforms } from '../crypto/proposals.ts';
import { isAead } from '../crypto/suites.ts';
import { TransformKind } from '../crypto/transform-kinds.ts';
import type { Profile, ProfileChild, ProfileEapAuth, ProfileSelector } from '../profile/profile.ts';
import { selectorText } from '../tunnel/selector-text.ts';
import { type Finding, fail, pass, type Rule, warn } from './rule.ts';

const warnings: Rule = {
  id: 'profile',
  title: 'Profile',
  judge: ({ warnings, problem }) => {
    const findings = warnings.map((text) => warn(`${text}.`));
    if (problem !== undefined)
      findings.push(
        fail(`No tunnel can be started with it: ${problem}.`, 'Correct the field that is named.'),
      );
    return findings.length > 0 ? findings : pass('Every field has a meaning, and none contradicts another.');
  },
};

const CLASSES = [
  { size: 26, of: /[a-z]/ },
  { size: 26, of: /[A-Z]/ },
  { size: 10, of: /[0-9]/ },
  { size: 33, of: /[^a-zA-Z0-9]/ },
];

/** Bits that a guesser has to get right at best: by the characters in use, and by how few different ones there are. */
function guessBits(secret: Secret): number {
  const octets = secret.expose();
  const different = new Set(octets).size;
  const isText = octets.every((octet) => octet >= 0x20 && octet < 0x7f);
  const alphabet = isText
    ? CLASSES.filter(({ of }) => octets.some((octet) => of.test(String.fromCharCode(octet)))).reduce(
        (sum, { size }) => sum + size,
        0,
      )
    : 256;
  return octets.length * Math.log2(Math.max(2, different * 3 < octets.length ? different : alphabet));
}

/** NIST SP 800-57: 112 bits is the least that still counts; RFC 7296 §2.15 warns of less. */
const ENOUGH_BITS = 112;
const FEW_BITS = 64;

const psk: Rule = {
  id: 'psk-strength',
  title: 'Shared secret',
  judge: ({ profile: { local, remote } }) => {
    const secrets = [local.auth, remote.auth].flatMap((auth) => ('secret' in auth ? [auth.secret] : []));
    const [first, second] = secrets;
    if (!first) return undefined;
    const bits = Math.min(guessBits(first), guessBits(second ?? first));
    const anew = 'Agree on a random one, such as `openssl rand -base64 32` makes, or use certificates.';
    const size = `${first.length} characters or octets`;
    if (bits >= ENOUGH_BITS) return pass(`The shared secret (${size}) is long enough.`);
    const text = `The shared secret (${size}) can be guessed: whoever answers in place of the gateway once may try as many as they like, off-line.`;
    return bits < FEW_BITS ? fail(text, anew) : warn(text, anew);
  },
};

/** Each password method as it is said, with what goes on inside of a tunnel. */
const methodText = ({ methods, phase2 = 'eap-mschapv2' }: ProfileEapAuth): string =>
  methods
    .map((method) => (method === 'ttls' || method === 'peap' ? `${method} with ${phase2} inside` : method))
    .join(', ');

function loginFindings(field: string, auth: ProfileEapAuth): Finding[] {
  const round = field === 'auth2' ? ' in the second round (RFC 4739)' : '';
  if (auth.methods.every((method) => method === 'tls'))
    return [pass(`Our certificate logs in with EAP-TLS${round}; no password is needed.`)];
  const findings: Finding[] = [
    pass(
      `"${auth.username}" logs in with EAP (${methodText(auth)})${round}; the password is ${auth.password === undefined ? 'asked for when connecting' : 'stored'}.`,
    ),
  ];
  if (auth.methods.includes('md5'))
    findings.push(
      warn(
        'EAP-MD5 makes no key: nothing binds the password to this tunnel.',
        `Take "md5" out of local.${field}.eap unless the gateway knows nothing else.`,
      ),
    );
  return findings;
}

const eap: Rule = {
  id: 'eap-login',
  title: 'User name and password',
  judge: ({ profile: { local } }) => {
    const findings = [
      ...(local.auth.kind === 'eap' ? loginFindings('auth', local.auth) : []),
      ...(local.auth2 ? loginFindings('auth2', local.auth2) : []),
    ];
    return findings.length > 0 ? findings : undefined;
  },
};

const isAeadProposal = ({ transforms }: ProposalSpec): boolean =>
  transforms.some(({ type, id }) => type === TransformKind.ENCR && isAead(id) === true);

function weakFindings(where: string, specs: readonly ProposalSpec[]): Finding[] {
  return weakTransforms(specs).map(({ word, label }) => {
    const only = specs.every((spec) => weakTransforms([spec]).some((weak) => weak.word === word));
    const text = `${where}: ${word} is ${label === 'broken' ? 'broken' : 'a legacy algorithm'}${only ? ', and every proposal has it' : ''}.`;
    const advice = `Take ${word} out of ${where} once the gateway can do better.`;
    return label === 'broken' && only ? fail(text, advice) : warn(text, advice);
  });
}

const proposals: Rule = {
  id: 'proposals',
  title: 'Proposals',
  judge: ({ profile: { ike, children } }) => {
    const findings = weakFindings('ike.proposals', ike.proposals);
    for (const child of children)
      findings.push(...weakFindings(`the proposals of ${child.name}`, child.proposals));
    const ikeAead = ike.proposals.every(isAeadProposal);
    const allEsp = children.flatMap((child) => child.proposals);
    if (ikeAead !== allEsp.every(isAeadProposal) && (ikeAead || allEsp.every(isAeadProposal)))
      findings.push(
        warn(
          `${ikeAead ? 'ike.proposals' : 'The proposals of the tunnels'} offer AEADs alone (such as AES-GCM) where ${ikeAead ? 'those of the tunnels' : 'ike.proposals'} have others too.`,
          'Offer the same kinds on both levels, or leave the proposals out for the defaults.',
        ),
      );
    return findings.length > 0
      ? findings
      : pass(
          `No weak algorithm is offered: ${ike.proposals.map(printProposal).join(', ')} and, for ESP, ${allEsp.map(printProposal).join(', ')}.`,
        );
  },
};

const overlap = (a: ProfileSelector, b: ProfileSelector): boolean =>
  a.start.length === b.start.length &&
  compareIp(a.start, b.end) <= 0 &&
  compareIp(b.start, a.end) <= 0 &&
  (a.protocol === 0 || b.protocol === 0 || a.protocol === b.protocol) &&
  a.startPort <= b.endPort &&
  b.startPort <= a.endPort;

const fixed = (list: ProfileChild['remote']): ProfileSelector[] => list.filter((one) => one !== 'dynamic');

const asksForAddress = ({ virtualIp }: Profile): boolean => virtualIp.ipv4 || virtualIp.ipv6;

const selectors: Rule = {
  id: 'selectors',
  title: 'Traffic selectors',
  judge: ({ profile }) => {
    const { children, routes } = profile;
    const findings: Finding[] = [];
    for (const [i, one] of children.entries()) {
      for (const other of children.slice(i + 1)) {
        const both = fixed(one.remote).find((a) => fixed(other.remote).some((b) => overlap(a, b)));
        if (both)
          findings.push(
            warn(
              `The tunnels ${one.name} and ${other.name} both lead to ${selectorText(both)}: which of them carries it depends on the order.`,
              `Narrow children.${one.name}.remote or children.${other.name}.remote.`,
            ),
          );
      }
      if (asksForAddress(profile) && !one.local.includes('dynamic'))
        findings.push(
          warn(
            `${one.name} sends from ${fixed(one.local).map(selectorText).join(', ')} alone, not from the address that the gateway gives us.`,
            `Add "dynamic" to children.${one.name}.local, or switch virtualIp off.`,
          ),
        );
      const families = new Set(fixed(one.remote).map((s) => s.start.length));
      const { ipv4, ipv6 } = profile.virtualIp;
      const missing = ipv4 !== ipv6 && one.local.includes('dynamic') ? (ipv4 ? 16 : 4) : 0;
      if (families.has(missing))
        findings.push(
          warn(
            `${one.name} leads to IPv${missing === 4 ? 4 : 6} addresses, but no IPv${missing === 4 ? 4 : 6} address is asked for.`,
            `Set virtualIp.ipv${missing === 4 ? 4 : 6}, or take them out of children.${one.name}.remote.`,
          ),
        );
    }
    if (routes.mode === 'none' && routes.extra.length === 0)
      findings.push(
        warn(
          'routes.mode is "none" and routes.extra is empty, so no packet finds into the tunnel.',
          'Set routes.mode to "auto".',
        ),
      );
    return findings.length > 0
      ? findings
      : pass(
          children.map((one) => `${one.name}: ${fixed(one.remote).map(selectorText).join(', ')}`).join('; '),
        );
  },
};

const dns: Rule = {
  id: 'dns-through-tunnel',
  title: 'DNS',
  judge: ({ profile: { dns, children, routes } }) => {
    if (dns.servers.length === 0 && dns.domains.length === 0) return undefined;
    const ranges = [...children.flatMap((one) => fixed(one.remote)), ...routes.extra.map(prefixRange)];
    const outside = dns.servers.filter((server) => {
      const address = parseIp(server);
      return !address || !ranges.some((range) => inRange(address, range));
    });
    const findings = outside.map((server) =>
      warn(
        `The DNS server ${server} is outside of every tunnel: it is asked over the ordinary network.`,
        `Add ${server} to the remote selectors of a tunnel, or take it out of dns.servers.`,
      ),
    );
    if (dns.domains.length > 0 && dns.servers.length === 0 && dns.mode === 'ignore')
      findings.push(
        warn(
          'dns.domains has names but nobody to ask for them: dns.servers is empty and dns.mode is "ignore".',
          'Set dns.mode to "use".',
        ),
      );
    return findings.length > 0
      ? findings
      : pass(`The DNS servers of the profile are reached through the tunnel.`);
  },
};

export const SETTINGS_RULES: readonly Rule[] = [warnings, psk, eap, proposals, selectors, dns];

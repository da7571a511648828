/** From a document to a profile: every problem at once, each under the path of its field; defaults filled in. */
import type { Millis } from '../base/brand.ts';
import { minutes, seconds } from '../base/instant.ts';
import { canonicalIp, prefixRange } from '../base/ip.ts';
import { err, ok, type Result } from '../base/result.ts';
import { type ProposalSpec, weakTransforms } from '../crypto/proposals.ts';
import { forgetSecrets, localAuth, ppk, remoteAuth, remoteId } from './authentication.ts';
import { secondAuth } from './eap.ts';
import {
  addresses,
  duration,
  Findings,
  hosts,
  items,
  lifetime,
  prefixes,
  proposals,
  reauth,
  selectors,
  volume,
} from './fields.ts';
import { identityText } from './identity-field.ts';
import { type FileReader, inlineFiles } from './inline.ts';
import { printDuration } from './lifetime.ts';
import { shapeProblems } from './problems.ts';
import type { Profile, ProfileChild, ProfileProblem, ProfileSelector, ProfileWarning } from './profile.ts';
import { redirectTargets } from './redirect-targets.ts';
import {
  type ChildDocument,
  type EspDocument,
  type ProfileDocument,
  profileDocumentSchema,
} from './schema.ts';

export interface ReadProfile {
  readonly profile: Profile;
  readonly warnings: readonly ProfileWarning[];
}

const hours = (n: number): Millis => minutes(60 * n);
const IKE_LIFETIME = { least: seconds(1), most: hours(24 * 24) };
const TUNNEL_LIFETIME = { least: seconds(1), most: hours(24) };
const REPLAY_WINDOW = 1024;

/** A legacy algorithm is worth a word; a broken one is taken only where the profile says so. */
function legacyWarnings(
  found: Findings,
  path: string,
  list: readonly ProposalSpec[],
  document: ProfileDocument,
): void {
  if (document.allowLegacy === true) return;
  const weak = weakTransforms(list);
  const broken = weak.find(({ label }) => label === 'broken')?.word;
  const legacy = weak.find(({ label }) => label === 'legacy')?.word;
  if (broken !== undefined) found.problem(path, `${broken} is broken; only "allowLegacy": true takes it`);
  else if (legacy !== undefined)
    found.warn(path, `${legacy} is a legacy algorithm; "allowLegacy": true takes it without a word`);
}

const EVERYTHING = { protocol: 0, startPort: 0, endPort: 65535 };
const whole = (prefix: string): ProfileSelector => ({
  ...EVERYTHING,
  ...prefixRange({ address: prefix, length: 0 }),
});

function child(
  found: Findings,
  name: string,
  path: string,
  given: ChildDocument,
  document: ProfileDocument,
): ProfileChild {
  const base: EspDocument = document.esp ?? {};
  const one: ChildDocument = { ...base, ...given };
  // A value that a child inherits is reported where it is written.
  const at = (key: keyof EspDocument): string =>
    given[key] !== undefined || base[key] === undefined ? `${path}.${key}` : `esp.${key}`;
  const lifetimeAt = ['lifetime', 'margin', 'fuzz'].some(
    (key) => given[key as keyof EspDocument] !== undefined,
  );
  const volumeAt = ['lifebytes', 'marginbytes', 'lifepackets', 'marginpackets'].some(
    (key) => given[key as keyof EspDocument] !== undefined,
  );
  const six = document.virtualIp?.ipv6 ?? true;
  const four = document.virtualIp?.ipv4 ?? true;
  const all = [...(four || !six ? [whole('0.0.0.0')] : []), ...(six ? [whole('::')] : [])];
  const list = proposals(found, at('proposals'), one.proposals, 'esp');
  legacyWarnings(found, at('proposals'), list, document);
  return {
    name,
    proposals: list,
    local: selectors(found, `${path}.local`, one.local, ['dynamic']),
    remote: selectors(found, `${path}.remote`, one.remote, all),
    lifetime: lifetime(found, lifetimeAt ? path : 'esp', one, hours(1), TUNNEL_LIFETIME),
    volume: volume(found, volumeAt ? path : 'esp', one),
    replayWindow: one.replayWindow ?? REPLAY_WINDOW,
    copyDscp: one.copyDscp ?? 'out',
    copyEcn: one.copyEcn ?? true,
    inactivity: duration(found, at('inactivity'), one.inactivity, 0 as Millis, {
      least: 0 as Millis,
      most: hours(24),
    }),
    rekeyUnused: one.rekeyUnused ?? true,
    rehearsal: one.rehearsal ?? false,
  };
}

function children(found: Findings, document: ProfileDocument): readonly ProfileChild[] {
  const named = Object.entries(document.children ?? { [document.name]: {} });
  if (named.length === 0) found.problem('children', 'is empty: leave it out for one child with everything');
  if (named.length > 32) found.problem('children', 'has more than 32 children');
  return named.slice(0, 32).map(([name, given]) => child(found, name, `children.${name}`, given, document));
}

function retransmission(
  found: Findings,
  { retransmission: given = {} }: ProfileDocument,
): Profile['retransmission'] {
  const path = 'retransmission.timeout';
  return {
    timeout: duration(found, path, given.timeout, seconds(2), { least: 100 as Millis, most: minutes(1) }),
    base: given.base ?? 1.8,
    jitter: given.jitter ?? 0.1,
    tries: given.tries ?? 6,
  };
}

/** Smallest IP datagram that every IPv4 host takes (RFC 7383 §2.5.1). */
const SMALLEST_FRAGMENT = 576;

function fragmentation({ fragmentation: given = {} }: ProfileDocument): Profile['fragmentation'] {
  const sizes = [...new Set([given.size ?? 1280, SMALLEST_FRAGMENT])];
  return { enabled: given.enabled ?? true, sizes };
}

function domains(found: Findings, { dns }: ProfileDocument): readonly string[] {
  return items('dns.domains', dns?.domains).flatMap(({ path, text }) => {
    if (canonicalIp(text) === undefined && /^[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*$/.test(text))
      return [text];
    found.problem(path, `"${text.slice(0, 60)}" is not a domain`);
    return [];
  });
}

function read(found: Findings, document: ProfileDocument): Profile | undefined {
  const gateways = hosts(found, 'gateway.hosts', document.gateway.hosts);
  const local = localAuth(found, document);
  const remote = remoteAuth(found, document, local);
  const second = secondAuth(found, document);
  const ikeProposals = proposals(found, 'ike.proposals', document.ike?.proposals, 'ike');
  legacyWarnings(found, 'ike.proposals', ikeProposals, document);
  const ikeLifetime = lifetime(found, 'ike', document.ike ?? {}, hours(3), IKE_LIFETIME);
  const list = children(found, document);
  const longest = list.reduce((most, one) => Math.max(most, one.lifetime.lifetime), 0) as Millis;
  if (ikeLifetime.lifetime < longest)
    found.warn(
      'ike.lifetime',
      `is ${printDuration(ikeLifetime.lifetime)}, shorter than the tunnel's ${printDuration(longest)}: the IKE SA is rekeyed more often than what it protects`,
    );
  const settings = {
    name: document.name,
    gateway: {
      hosts: gateways,
      port: document.gateway.port ?? 4500,
      followRedirects: document.gateway.followRedirects ?? true,
      redirectTo: redirectTargets(found, 'gateway.redirectTo', document.gateway.redirectTo),
    },
    ike: {
      proposals: ikeProposals,
      lifetime: ikeLifetime,
      reauth: reauth(found, document.ike, IKE_LIFETIME),
      initialContact: document.ike?.initialContact ?? true,
      keyingtries: document.ike?.keyingtries ?? 1,
      mobike: document.ike?.mobike ?? true,
      preferPss: document.ike?.preferPss ?? true,
      childless: document.ike?.childless ?? 'allow',
      ppk: ppk(found, document),
    },
    children: list,
    dpd: {
      delay: duration(found, 'dpd.delay', document.dpd?.delay, seconds(30), {
        least: 0 as Millis,
        most: hours(24),
      }),
      action: document.dpd?.action ?? 'restart',
    },
    encapsulation: document.encapsulation ?? 'forced',
    keepalive: duration(found, 'keepalive', document.keepalive, seconds(20), {
      least: 0 as Millis,
      most: hours(1),
    }),
    virtualIp: { ipv4: document.virtualIp?.ipv4 ?? true, ipv6: document.virtualIp?.ipv6 ?? true },
    dns: {
      mode: document.dns?.mode ?? 'use',
      servers: addresses(found, 'dns.servers', document.dns?.servers),
      domains: domains(found, document),
    },
    routes: {
      mode: document.routes?.mode ?? 'auto',
      extra: prefixes(found, 'routes.extra', document.routes?.extra),
    },
    interface: document.interface ?? 'culvert%d',
    mtu: document.mtu,
    fragmentation: fragmentation(document),
    retransmission: retransmission(found, document),
    killSwitch: {
      mode: document.killSwitch?.mode ?? 'off',
      allowLocal: document.killSwitch?.allowLocal ?? false,
    },
    patience: duration(found, 'patience', document.patience, seconds(60), {
      least: seconds(1),
      most: hours(1),
    }),
    allowLegacy: document.allowLegacy ?? false,
  } as const;
  const localId = identityText(found, 'local.id', document.local.id);
  const remoteName = identityText(found, 'remote.id', remoteId(found, document, remote?.kind, gateways));
  const dn = identityText(found, 'remote.dn', document.remote?.dn);
  if (!local || !remote) return undefined;
  const sendId = document.remote?.sendId ?? remoteName !== '%any';
  return {
    ...settings,
    local: { id: localId, auth: local, auth2: second, id2: document.local.id2 },
    remote: { id: remoteName, dn, auth: remote, sendId },
  };
}

/**
 * Reads a document of any origin. With `files`, names of certificate and key files are replaced by their content
 * first; without, they are problems, so that a privileged reader opens nothing that a user names.
 */
export function readProfile(
  value: unknown,
  files?: FileReader,
): Result<ReadProfile, readonly ProfileProblem[]> {
  const inlined = files ? inlineFiles(value, files) : { document: value, problems: [] };
  const parsed = profileDocumentSchema.safeParse(inlined.document);
  if (!parsed.success)
    return err([...inlined.problems, ...shapeProblems(parsed.error.issues, inlined.document)]);
  const found = new Findings();
  for (const problem of inlined.problems) found.problem(problem.path, problem.message);
  const profile = read(found, parsed.data);
  if (profile && found.problems.length === 0) return ok({ profile, warnings: unique(found.warnings) });
  if (profile) forgetSecrets(profile);
  return err(unique(found.problems));
}

/** Children that inherit a value would each report it; a file that was not found is reported once. */
function unique<T extends ProfileProblem>(list: readonly T[]): T[] {
  const seen = new Set<string>();
  return list.filter(({ path, message }) => {
    const key = `${path}\n${message}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

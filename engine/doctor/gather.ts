/** Gathers what the doctor's rules judge: certificates out of the profile, answers of servers, the probed gateway. */
import { parseIp } from '../base/ip.ts';
import { chainOf } from '../pki/authorities.ts';
import { Certificate } from '../pki/certificate.ts';
import { PkiError } from '../pki/error.ts';
import { loadBundle } from '../pki/load.ts';
import type { FetchLimits, StatusPolicy } from '../pki/revocation/port.ts';
import { surveySources } from '../pki/revocation/survey.ts';
import { keyPairOf, type Profile } from '../profile/profile.ts';
import type { ProbeResult } from '../tunnel/probe.ts';
import type { AnchorFacts, Facts, GatewayFacts, OnlineFacts, OwnFacts } from './facts.ts';

/** What the doctor needs of the world. */
export interface DoctorPorts {
  /** The wall clock in milliseconds since 1970. */
  now(): number;
  /** Rejects with an Error that may have the server's `date`, as `os/http.ts` has it. */
  fetchAnswer(
    url: string,
    limits: FetchLimits,
  ): Promise<{ readonly octets: Uint8Array; readonly date: number | undefined }>;
  pathMtu(address: string): Promise<number | undefined>;
}

export interface Question {
  readonly profile: Profile;
  readonly warnings: readonly string[];
  readonly problem: string | undefined;
  readonly online: boolean;
  /** Asks the gateway; absent when that was not wanted. */
  readonly probe?: () => Promise<ProbeResult>;
  /** Why it cannot be asked. */
  readonly notAsked?: Extract<GatewayFacts, { kind: 'not-asked' }>;
}

export async function gather(question: Question, ports: DoctorPorts): Promise<Facts> {
  const { profile, warnings, problem, probe, notAsked } = question;
  const own = ownFacts(profile);
  const anchors = anchorFacts(profile);
  const gateway: GatewayFacts | undefined = notAsked ?? (probe && asked(await probe()));
  const certificates = gateway?.kind === 'asked' ? gateway.certificates : [];
  const online = question.online
    ? await onlineFacts(
        [...pairsOf(own?.chain ?? [], anchors), ...pairsOf(certificates, anchors)],
        profile,
        ports,
      )
    : undefined;
  const pathMtu = await mtuToward(profile, gateway, ports);
  return {
    profile,
    warnings,
    at: ports.now(),
    ...(problem === undefined ? {} : { problem }),
    ...(own ? { own } : {}),
    ...(anchors ? { anchors } : {}),
    ...(online ? { online } : {}),
    ...(gateway ? { gateway } : {}),
    ...(pathMtu === undefined ? {} : { pathMtu }),
  };
}

/** Runs `read`; a PkiError becomes its sentence. */
function attempt<T>(
  read: () => T,
): { readonly value: T } | { readonly problem: string; readonly code: PkiError['code'] } {
  try {
    return { value: read() };
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    return { problem: cause.message, code: cause.code };
  }
}

function ownFacts({ local }: Profile): OwnFacts | undefined {
  // The second round may have a certificate of its own (EAP-TLS); the first one's is the one of AUTH.
  const auth = keyPairOf(local.auth) ?? (local.auth2 && keyPairOf(local.auth2));
  if (!auth) return undefined;
  const certificates = attempt(() => loadBundle([auth.certificate, ...auth.chain].join('\n')).certificates);
  const passphrase = auth.passphrase && new TextDecoder().decode(auth.passphrase.expose());
  const keys = attempt(
    () =>
      loadBundle(new TextDecoder().decode(auth.key.expose()), passphrase === undefined ? {} : { passphrase })
        .keys,
  );
  const all = 'value' in keys ? keys.value : [];
  const list = 'value' in certificates ? certificates.value : [];
  // The certificate that belongs to a key is the one that is used, wherever it stands.
  const leaf = list.find((one) => all.some((key) => key.belongsTo(one))) ?? list[0];
  const key = all.find((one) => leaf && one.belongsTo(leaf)) ?? all[0];
  return {
    chain: leaf ? [leaf, ...list.filter((one) => one !== leaf)] : [],
    key,
    ...('problem' in certificates ? { certificateProblem: certificates.problem } : {}),
    ...('problem' in keys ? { keyProblem: keys.problem, locked: keys.code === 'passphrase-needed' } : {}),
  };
}

function anchorFacts({ remote: { auth } }: Profile): AnchorFacts | undefined {
  if (auth.kind !== 'pubkey') return undefined;
  const read = auth.anchors.map((pem) => attempt(() => loadBundle(pem).certificates));
  return {
    certificates: read.flatMap((one) => ('value' in one ? one.value : [])),
    problems: read.flatMap((one, i) => ('problem' in one ? [`remote.anchors[${i}]: ${one.problem}`] : [])),
  };
}

const asked = (result: ProbeResult): GatewayFacts => ({
  kind: 'asked',
  result,
  certificates: (result.peer?.certificates ?? []).flatMap((der) => {
    const read = attempt(() => new Certificate(der));
    return 'value' in read ? [read.value] : [];
  }),
});

/** Each certificate with the one that issued it, as far as both are known; roots are asked for nowhere. */
function pairsOf(
  chain: readonly Certificate[],
  anchors: AnchorFacts | undefined,
): (readonly [Certificate, Certificate])[] {
  const [leaf] = chain;
  if (!leaf) return [];
  const path = chainOf(leaf, [...chain, ...(anchors?.certificates ?? [])]);
  return path.flatMap((one, i) => {
    const issuer = path[i + 1];
    return issuer ? [[one, issuer] as const] : [];
  });
}

const CLOCK_LIMITS = { milliseconds: 3_000, octets: 65_536, redirects: 0 };

async function onlineFacts(
  pairs: readonly (readonly [Certificate, Certificate])[],
  profile: Profile,
  ports: DoctorPorts,
): Promise<OnlineFacts> {
  const skews: number[] = [];
  const fetchBytes = async (url: string, limits: FetchLimits): Promise<Uint8Array> => {
    try {
      const { octets, date } = await ports.fetchAnswer(url, limits);
      if (date !== undefined) skews.push(date - ports.now());
      return octets;
    } catch (cause) {
      if (cause instanceof Error && 'date' in cause && typeof cause.date === 'number')
        skews.push(cause.date - ports.now());
      throw cause;
    }
  };
  const policy: StatusPolicy = { at: ports.now(), allowLegacy: profile.allowLegacy };
  const sources = await surveySources(pairs, { fetchBytes }, policy);
  const [host = ''] = profile.gateway.hosts;
  // Whoever runs the gateway often runs a web server there too, which knows the time.
  if (skews.length === 0)
    await fetchBytes(`http://${host.includes(':') ? `[${host}]` : host}/`, CLOCK_LIMITS).catch(
      () => undefined,
    );
  const skew = skews.sort((a, b) => a - b)[Math.floor(skews.length / 2)];
  return { sources, ...(skew === undefined ? {} : { skew }) };
}

/** Names are looked up by the probe alone: a check without it does not touch the network. */
async function mtuToward(
  profile: Profile,
  gateway: GatewayFacts | undefined,
  { pathMtu }: DoctorPorts,
): Promise<number | undefined> {
  const endpoint = gateway?.kind === 'asked' ? gateway.result.endpoint : undefined;
  const address = endpoint?.address ?? profile.gateway.hosts.find((host) => parseIp(host) !== undefined);
  return address === undefined ? undefined : await pathMtu(address);
}

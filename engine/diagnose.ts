/** Makes the bundle of `diagnose.bundle`: gathers, strikes out secrets, masks names, and keeps within its size. */
import type { BundlePart, BundleProfile, DiagnoseBundle } from './api/diagnose.ts';
import type { EngineApi } from './api/engine.ts';
import { ApiError } from './api/failure.ts';
import { LOG_LINES } from './api/limits.ts';
import { bounded } from './diagnose/bound.ts';
import { Mask } from './diagnose/mask.ts';
import { pemNames, profileNames, resolverNames, snapshotNames } from './diagnose/names.ts';
import { strikeOut } from './diagnose/secrets.ts';
import { mapTexts } from './diagnose/walk.ts';
import type { FactsPort } from './os/facts/port.ts';
import { redactSecrets } from './profile/redact.ts';
import type { Diagnose } from './tunnel/engine.ts';

const FORMAT = 1;

const hidden = (value: BundlePart): BundlePart => mapTexts(value, () => '***');

/** The document of a profile that has a meaning; of others only the shape, for a secret may stand in any field. */
async function profileParts(engine: EngineApi): Promise<readonly BundleProfile[]> {
  const parts: BundleProfile[] = [];
  for (const { name, problem } of await engine.listProfiles()) {
    try {
      const { profile } = await engine.getProfile(name);
      parts.push(problem === undefined ? { name, profile } : { name, profile: hidden(profile), problem });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      parts.push({ name, problem: problem ?? error.message });
    }
  }
  return parts;
}

async function reports(
  engine: EngineApi,
  profiles: readonly BundleProfile[],
): Promise<readonly BundlePart[]> {
  const made: BundlePart[] = [];
  for (const { name, problem } of profiles) {
    if (problem !== undefined) continue;
    try {
      made.push({ ...(await engine.doctor({ name })) });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      made.push({ name, problem: error.message });
    }
  }
  return made;
}

function maskOf(
  bundle: DiagnoseBundle,
  documents: readonly BundlePart[],
  { hostName }: FactsPort,
): (text: string) => string {
  const pem: string[] = [];
  mapTexts(documents.map(redactSecrets), (text) => {
    pem.push(text);
    return text;
  });
  const mask = new Mask([
    { kind: 'host', text: hostName },
    ...documents.flatMap(profileNames),
    ...pem.flatMap(pemNames),
    ...snapshotNames(bundle.snapshot),
    ...bundle.host.flatMap(({ text }) => resolverNames(text)),
  ]);
  return (text) => mask.text(text);
}

export function createDiagnose(facts: FactsPort): Diagnose {
  return async (engine, documents, { mask = false }) => {
    const { engine: info, profiles: _listed, ...state } = engine.snapshot();
    const profiles = await profileParts(engine);
    const host = await facts.read();
    const whole: DiagnoseBundle = {
      format: FORMAT,
      time: state.time,
      masked: mask,
      version: info.version,
      system: { platform: facts.platform, node: facts.node },
      engine: { ...info },
      snapshot: { ...state },
      profiles,
      doctor: await reports(engine, profiles),
      negotiation: state.tunnels.map(({ name }) => ({
        name,
        messages: engine.negotiation({ name }).messages.map((message) => ({ ...message })),
      })),
      host,
      log: engine.logTail(LOG_LINES).map((line) => ({ ...line })),
      omitted: [],
    };
    const strike = strikeOut(documents, JSON.stringify(documents.map(redactSecrets)));
    const clean = mapTexts(whole, strike);
    return bounded(mask ? mapTexts(clean, maskOf(clean, documents, facts)) : clean);
  };
}

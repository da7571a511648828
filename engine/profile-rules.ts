/** What profile documents mean to the engine: read, compiled to a plan, summarised, their secrets kept back. */
import type { ProfileDocumentJson } from './api/commands.ts';
import { ApiError, localFailure } from './api/failure.ts';
import { compilePlan, type Online } from './compile.ts';
import { PkiError } from './pki/error.ts';
import { loadBundle } from './pki/load.ts';
import { forgetSecrets } from './profile/authentication.ts';
import { keyPairOf, type Profile, problemText } from './profile/profile.ts';
import { redactSecrets, restoreSecrets } from './profile/redact.ts';
import { readProfile } from './profile/validate.ts';
import type { ProfileRules } from './tunnel/engine.ts';

/** The engine reads no file that a profile names: whoever sends a document has put the contents in. */
function read(document: ProfileDocumentJson): { profile: Profile; warnings: readonly string[] } {
  const result = readProfile(document);
  if (result.ok) return { profile: result.value.profile, warnings: result.value.warnings.map(problemText) };
  const [first, ...others] = result.error.map(problemText);
  throw new ApiError(localFailure('PROFILE_INVALID', first ?? 'the profile cannot be read', others));
}

/** When our own certificate ends. One that cannot be read is no reason to hide the profile: connecting says why. */
function certificateEnd({ local }: Profile): string | undefined {
  const auth = keyPairOf(local.auth);
  if (!auth) return undefined;
  try {
    const [own] = loadBundle(auth.certificate).certificates;
    return own && new Date(own.notAfter).toISOString();
  } catch (error) {
    if (error instanceof PkiError) return undefined;
    throw error;
  }
}

export function profileRules(now: () => number, warn: (text: string) => void, online?: Online): ProfileRules {
  return {
    compile(document) {
      const { profile, warnings } = read(document);
      const wipe = (): void => forgetSecrets(profile);
      try {
        return { name: profile.name, ...compilePlan(profile, now, warn, online), warnings, wipe };
      } catch (error) {
        wipe();
        throw error;
      }
    },
    summarise(document) {
      const name = typeof document.name === 'string' ? document.name : '';
      try {
        const { profile } = read(document);
        forgetSecrets(profile);
        const { gateway, local, remote } = profile;
        return {
          name,
          hosts: gateway.hosts,
          localId: local.id,
          remoteId: remote.id,
          auth: local.auth.kind,
          certificateExpires: certificateEnd(profile),
        };
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        return { name, hosts: [], auth: 'psk', problem: error.message };
      }
    },
    redact: redactSecrets,
    restore: (document, stored) => restoreSecrets(document, stored ?? {}),
  };
}

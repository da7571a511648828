/** What the files of one drop are, by content: profiles, the secrets that go with them, certificates and keys. */
import type { ImportFile } from '../api/import.ts';
import { wipe } from '../base/bytes.ts';
import { err, ok, type Result } from '../base/result.ts';
import { detect } from '../pki/detect.ts';
import { PkiError } from '../pki/error.ts';
import { openSignedData } from '../pki/signed-data.ts';
import { type ImportSources, importProfile, type ProfileFormat } from '../profile/import/import-profile.ts';
import type { ImportedProfile } from '../profile/import/mapping.ts';
import { secretsKind } from '../profile/import/secrets-file.ts';

export interface FoundProfile {
  readonly file: string;
  readonly format: ProfileFormat;
  readonly profile: ImportedProfile;
}

export interface FoundBundle {
  readonly name: string;
  readonly octets: Uint8Array;
}

export interface Classified {
  readonly profiles: readonly FoundProfile[];
  readonly bundles: readonly FoundBundle[];
  /** What was not usable or should be known, a sentence each. */
  readonly notes: readonly string[];
}

interface OpenFile {
  readonly name: string;
  readonly octets: Uint8Array;
}

type Kind = 'bundle' | 'secrets' | 'profile';

const SEQUENCE = 0x30;

const octetsOf = (content: string): Uint8Array => new Uint8Array(Buffer.from(content, 'base64'));

/** Signed content, its signature fitting; who signed is told, not judged. */
function unwrap(octets: Uint8Array, notes: string[], name: string): Result<Uint8Array, string> {
  try {
    const { content, signers, warnings } = openSignedData(octets);
    if (!content) return err('holds certificates alone');
    notes.push(...warnings.map((warning) => `${name}: ${warning}`));
    for (const signer of signers)
      notes.push(`${name} is signed by "${signer.label}". Whether to trust that signer is yours to judge.`);
    return ok(content);
  } catch (cause) {
    if (cause instanceof PkiError) return err(`cannot be taken: ${cause.message}`);
    throw cause;
  }
}

/** Certificates and keys in a binary form, as opposed to a signed profile. */
function isBinaryBundle(octets: Uint8Array): boolean {
  if (octets[0] !== SEQUENCE || (octets[1] ?? 0) < 0x80) return false;
  try {
    return detect(octets).format !== 'pkcs7' || openSignedData(octets).content === undefined;
  } catch (cause) {
    // A signed profile that was changed is the profile reader's to refuse.
    if (cause instanceof PkiError) return cause.code !== 'bad-signature';
    throw cause;
  }
}

function isTextBundle(octets: Uint8Array): boolean {
  try {
    detect(octets);
    return true;
  } catch (cause) {
    if (cause instanceof PkiError) return false;
    throw cause;
  }
}

function kindOf({ octets }: OpenFile): Kind {
  if (isBinaryBundle(octets)) return 'bundle';
  const read = importProfile(octets, { unwrap: () => ok(octets) });
  const known = read.ok || read.error.code !== 'unknown-format';
  if (!read.ok && secretsKind(octets)) return 'secrets';
  return !known && isTextBundle(octets) ? 'bundle' : 'profile';
}

/** Sorts the files. What cannot be used is noted and hides nothing else. */
export function classify(files: readonly ImportFile[]): Classified {
  const opened = files.map(({ name, content }) => ({ name, octets: octetsOf(content) }));
  const kinds = opened.map((file) => ({ file, kind: kindOf(file) }));
  const of = (kind: Kind): OpenFile[] => kinds.flatMap((one) => (one.kind === kind ? [one.file] : []));
  const secrets = of('secrets');
  const notes: string[] = [];
  const profiles: FoundProfile[] = [];
  for (const { name, octets } of of('profile')) {
    const sources: ImportSources = {
      secrets: secrets.map((one) => one.octets),
      unwrap: (signed) => unwrap(signed, notes, name),
    };
    const read = importProfile(octets, sources);
    if (read.ok)
      profiles.push(
        ...read.value.profiles.map((profile) => ({ file: name, format: read.value.format, profile })),
      );
    else notes.push(`${name} ${read.error.message}.`);
  }
  wipe(...[...of('profile'), ...secrets].map(({ octets }) => octets));
  if (profiles.length === 0)
    for (const { name } of secrets) notes.push(`${name} holds secrets of a profile that is not here.`);
  return { profiles, bundles: of('bundle'), notes };
}

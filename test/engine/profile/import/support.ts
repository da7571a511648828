/** Helpers of the tests of profile import. */
import assert from 'node:assert/strict';
import { utf8 } from '../../../../engine/base/bytes.ts';
import {
  type ImportedFile,
  type ImportSources,
  importProfile,
} from '../../../../engine/profile/import/import-profile.ts';
import type { ImportedProfile, MappingKind } from '../../../../engine/profile/import/mapping.ts';
import { profileDocumentSchema } from '../../../../engine/profile/schema.ts';

export function imported(text: string | Uint8Array, sources: ImportSources = {}): ImportedFile {
  const result = importProfile(typeof text === 'string' ? utf8(text) : text, sources);
  assert.ok(result.ok, result.ok ? '' : result.error.message);
  for (const { document } of result.value.profiles) {
    const shape = profileDocumentSchema.safeParse(document);
    assert.ok(shape.success, JSON.stringify(shape.error?.issues));
  }
  return result.value;
}

/** The only profile of a file. */
export function only(text: string | Uint8Array, sources: ImportSources = {}): ImportedProfile {
  const { profiles } = imported(text, sources);
  assert.equal(profiles.length, 1);
  return profiles[0] as ImportedProfile;
}

/** `kind foreign -> ours` of the lines about a foreign field. */
export const linesOf = ({ report }: ImportedProfile, foreign: string): string[] =>
  report.filter((line) => line.foreign === foreign).map((line) => `${line.kind} ${line.ours ?? '-'}`);

export const whyOf = ({ report }: ImportedProfile, foreign: string): string =>
  report.find((line) => line.foreign === foreign)?.why ?? '';

export const foreignOf = ({ report }: ImportedProfile, kind: MappingKind): string[] =>
  report.filter((line) => line.kind === kind).map((line) => line.foreign);

/** No secret's value may show in a report. */
export function assertSilent({ report }: ImportedProfile, ...secrets: readonly string[]): void {
  const text = JSON.stringify(report);
  for (const secret of secrets) assert.ok(!text.includes(secret), `the report shows ${secret}`);
}

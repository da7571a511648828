/** Helpers of the importer's tests: files as clients send them, and a small PKI. */
import assert from 'node:assert/strict';
import { ApiError } from '../../../engine/api/failure.ts';
import type { ImportFile, StoreImportParams } from '../../../engine/api/import.ts';
import type { Failure } from '../../../engine/base/failure.ts';
import { createImporter } from '../../../engine/importer.ts';
import { sealPkcs12 } from '../../../engine/pki/pkcs12-write.ts';
import type { ProfileDocument } from '../../../engine/profile/schema.ts';
import type { OpenDraft } from '../../../engine/tunnel/imports.ts';
import { type Issued, issue } from '../pki/fixtures.ts';

export const PASSPHRASE = 'öpen sesame';

export const file = (name: string, content: string | Uint8Array): ImportFile => ({
  name,
  content: Buffer.from(content).toString('base64'),
});

export const open = (files: readonly ImportFile[], passphrase?: string): Promise<OpenDraft> =>
  createImporter().open({ files, ...(passphrase === undefined ? {} : { passphrase }) });

/** The document that would be stored. */
export const chosen = (draft: OpenDraft, choice: Partial<StoreImportParams> = {}): ProfileDocument =>
  draft.document({ draft: 1, ...choice }) as unknown as ProfileDocument;

export async function refusal(run: () => unknown): Promise<Failure> {
  try {
    await run();
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    return error.failure;
  }
  assert.fail('nothing was refused');
}

export interface Pki {
  readonly root: Issued;
  readonly middle: Issued;
  readonly leaf: Issued;
  readonly pkcs12: Uint8Array;
}

export async function pki(): Promise<Pki> {
  const root = await issue({ subject: 'CN=Root', ca: true });
  const middle = await issue({ subject: 'CN=Middle', ca: true, issuer: root });
  const leaf = await issue({
    subject: 'C=CH, O=Example, CN=Alice',
    issuer: middle,
    dns: ['alice.example.org'],
    san: [{ type: 'email', value: 'alice@example.org' }],
  });
  const chain = [middle.certificate, root.certificate];
  const own = { certificate: leaf.certificate, key: leaf.key, chain, name: 'Alice' };
  return { root, middle, leaf, pkcs12: sealPkcs12(own, PASSPHRASE, 'modern') };
}

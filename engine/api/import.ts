/**
 * Importing what an administrator hands out, and exporting it again. A client sends file contents; the engine reads
 * them and keeps the result as a draft until it is stored, discarded or too old. Secrets never come back: a
 * preview has names, dates and fingerprints.
 */
import * as z from 'zod';
import { NAME_PATTERN, NAME_RULE } from '../base/name.ts';
import type { AddProfileResult, ProfileDocumentJson } from './commands.ts';

export const MAX_IMPORT_FILES = 32;
/** Characters of base64 of all files of one call; leaves room for the rest of a message. */
export const MAX_IMPORT_TEXT: number = 900 * 1024;
export const MAX_DRAFTS = 8;
export const DRAFT_SECONDS = 900;

export interface ImportFile {
  /** For the report and for files that name each other; the content decides what it is. */
  readonly name: string;
  /** Base64. */
  readonly content: string;
}

export interface OpenImportParams {
  readonly files: readonly ImportFile[];
  /** Opens what is encrypted; an empty one is tried by itself. */
  readonly passphrase?: string | undefined;
}

export interface UnlockImportParams {
  readonly draft: number;
  readonly passphrase: string;
}

/** A certificate as a person compares it. */
export interface CertificatePreview {
  /** SHA-256 over the DER, lower-case hex. */
  readonly fingerprint: string;
  readonly subject: string;
  readonly issuer: string;
  readonly altNames: readonly string[];
  /** ISO 8601, UTC. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** In words: `RSA 3072`, `ECDSA P-256`, `Ed25519`. */
  readonly key: string;
  /** Whether its private key came along. */
  readonly hasKey: boolean;
}

export interface MappingReportLine {
  readonly kind: 'taken' | 'changed' | 'unmapped';
  /** The field in the file, in its own words; never a secret's value. */
  readonly foreign: string;
  /** The field of ours, such as `remote.id`. */
  readonly ours?: string | undefined;
  readonly why?: string | undefined;
}

export interface DraftProfile {
  /** As stored when it is chosen; secrets read `***`. */
  readonly document: ProfileDocumentJson;
  /** `swanctl.conf`, `Apple configuration profile`, … */
  readonly format: string;
  readonly report: readonly MappingReportLine[];
}

export interface ImportDraft {
  readonly draft: number;
  readonly secondsLeft: number;
  /** Files that still want a passphrase; nothing can be stored before. */
  readonly locked: readonly string[];
  /** The passphrase that was given opens none of them. */
  readonly wrongPassphrase: boolean;
  /** None when only certificates and keys came: the profile is then made of `store.gateway`. */
  readonly profiles: readonly DraftProfile[];
  /** End-entity certificates with their keys: one is chosen. */
  readonly leaves: readonly CertificatePreview[];
  readonly chain: readonly CertificatePreview[];
  /** Self-issued CAs: trusted for this profile only, each after the user's word. */
  readonly anchors: readonly CertificatePreview[];
  /** What was not usable, a sentence each. */
  readonly notes: readonly string[];
}

export interface StoreImportParams {
  readonly draft: number;
  /** Index in `profiles`; the first when left out. */
  readonly profile?: number | undefined;
  /** Another name than the file's. */
  readonly name?: string | undefined;
  /** Fingerprint of one of `leaves`; needed when there are several. */
  readonly leaf?: string | undefined;
  /** Fingerprints of those `anchors` to trust. When left out: those that the profile names, else all. */
  readonly trust?: readonly string[] | undefined;
  /** What a bundle alone does not say. */
  readonly gateway?: string | undefined;
  readonly remoteId?: string | undefined;
  /** For EAP; with a bundle alone it makes the profile one of EAP-MSCHAPv2. */
  readonly username?: string | undefined;
  /** The password of EAP, or the pre-shared key of a profile that has none in its file. */
  readonly password?: string | undefined;
  readonly replace?: boolean | undefined;
}

export const EXPORT_FORMATS = ['culvert', 'sswan', 'mobileconfig', 'gateway'] as const;

export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ExportParams {
  readonly name: string;
  readonly format: ExportFormat;
  /** Encrypts the secrets in the file; without it they are left out. */
  readonly passphrase?: string | undefined;
}

export interface ExportResult {
  readonly fileName: string;
  /** Base64. */
  readonly content: string;
  /** What the format cannot say, and what was left out. */
  readonly report: readonly MappingReportLine[];
}

/** What the engine does with drafts; `rpc` hands calls on. Methods reject with ApiError. */
export interface ImportApi {
  /** `PROFILE_INVALID` when nothing in the files is of use. */
  open(params: OpenImportParams): Promise<ImportDraft>;
  unlock(params: UnlockImportParams): Promise<ImportDraft>;
  /** The draft is gone afterwards; when it cannot be stored, it stays. */
  store(params: StoreImportParams): Promise<AddProfileResult>;
  discard(draft: number): void;
  export(params: ExportParams): Promise<ExportResult>;
}

const texts = z.array(z.string());
const count = z.number().int().nonnegative();
const name = z.string().regex(NAME_PATTERN, NAME_RULE);
const passphrase = z.string().max(1024);
const fingerprint = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 fingerprint in lower-case hex');

export const openImportSchema: z.ZodType<OpenImportParams> = z.strictObject({
  files: z
    .array(z.strictObject({ name: z.string().min(1).max(255), content: z.base64().max(MAX_IMPORT_TEXT) }))
    .min(1)
    .max(MAX_IMPORT_FILES),
  passphrase: passphrase.optional(),
});

export const draftSchema: z.ZodType<{ draft: number }> = z.strictObject({ draft: count });

export const unlockImportSchema: z.ZodType<UnlockImportParams> = z.strictObject({ draft: count, passphrase });

export const storeImportSchema: z.ZodType<StoreImportParams> = z.strictObject({
  draft: count,
  profile: count.optional(),
  name: name.optional(),
  leaf: fingerprint.optional(),
  trust: z.array(fingerprint).max(64).optional(),
  gateway: z.string().min(1).max(253).optional(),
  remoteId: z.string().min(1).max(1024).optional(),
  username: z.string().min(1).max(253).optional(),
  password: z.string().min(1).max(256).optional(),
  replace: z.boolean().optional(),
});

export const exportSchema: z.ZodType<ExportParams> = z.strictObject({
  name,
  format: z.enum(EXPORT_FORMATS),
  passphrase: passphrase.min(1).optional(),
});

const certificatePreviewSchema: z.ZodType<CertificatePreview> = z.object({
  fingerprint: z.string(),
  subject: z.string(),
  issuer: z.string(),
  altNames: texts,
  notBefore: z.string(),
  notAfter: z.string(),
  key: z.string(),
  hasKey: z.boolean(),
});

const mappingSchema: z.ZodType<MappingReportLine> = z.object({
  kind: z.enum(['taken', 'changed', 'unmapped']),
  foreign: z.string(),
  ours: z.string().optional(),
  why: z.string().optional(),
});

export const importDraftSchema: z.ZodType<ImportDraft> = z.object({
  draft: count,
  secondsLeft: count,
  locked: texts,
  wrongPassphrase: z.boolean(),
  profiles: z.array(
    z.object({
      document: z.record(z.string(), z.unknown()),
      format: z.string(),
      report: z.array(mappingSchema),
    }),
  ),
  leaves: z.array(certificatePreviewSchema),
  chain: z.array(certificatePreviewSchema),
  anchors: z.array(certificatePreviewSchema),
  notes: texts,
});

export const exportResultSchema: z.ZodType<ExportResult> = z.object({
  fileName: z.string(),
  content: z.string(),
  report: z.array(mappingSchema),
});

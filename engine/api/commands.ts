/**
 * The methods of the API: name, the rights that a caller needs, and the shape of parameters and result.
 * Parameters are strict (an unknown key is an error); results may gain keys in a later minor version.
 */
import * as z from 'zod';
import { NAME_PATTERN, NAME_RULE } from '../base/name.ts';
import { bundleSchema, type DiagnoseBundle, type DiagnoseParams, diagnoseSchema } from './diagnose.ts';
import { type DoctorParams, type DoctorReport, doctorReportSchema, doctorSchema } from './doctor.ts';
import { type LogLine, logLineSchema } from './events.ts';
import {
  draftSchema,
  type ExportParams,
  type ExportResult,
  exportResultSchema,
  exportSchema,
  type ImportDraft,
  importDraftSchema,
  type OpenImportParams,
  openImportSchema,
  type StoreImportParams,
  storeImportSchema,
  type UnlockImportParams,
  unlockImportSchema,
} from './import.ts';
import { LOG_LINES } from './limits.ts';
import { type NegotiationResult, negotiationSchema } from './negotiation.ts';
import { type AnswerParams, MAX_ANSWER } from './prompt.ts';
import {
  type EngineInfo,
  engineInfoSchema,
  type ProfileSummary,
  profileSummarySchema,
  type Snapshot,
  snapshotSchema,
  type TunnelSnapshot,
  tunnelSnapshotSchema,
} from './snapshot.ts';

/** What a caller may do; each tier includes the ones before it. */
export type Right = 'read' | 'operate' | 'admin';

export const RIGHTS: readonly Right[] = ['read', 'operate', 'admin'];

/** A profile document as its author writes it, PEM inlined. `engine/profile` gives it its meaning. */
export type ProfileDocumentJson = Readonly<Record<string, unknown>>;

export interface Named {
  readonly name: string;
}

export interface UpParams {
  /** Name of a stored profile, or a whole document for this connection only. */
  readonly profile: string | ProfileDocumentJson;
  /** Answer when traffic can flow or the attempt has failed, instead of at once. */
  readonly wait?: boolean | undefined;
}

export interface UpResult {
  /** Of the tunnel, for `down`: the profile's. */
  readonly name: string;
  /** Without `wait`: as it is right after the start. */
  readonly tunnel: TunnelSnapshot;
  readonly warnings: readonly string[];
}

export interface DownParams {
  /** All tunnels when left out. */
  readonly name?: string | undefined;
}

export interface DownResult {
  /** Names of the tunnels that were ended. */
  readonly ended: readonly string[];
}

export interface RekeyParams {
  readonly name: string;
  readonly what: 'ike' | 'child';
  /** Name of the child; all of them when left out. */
  readonly child?: string | undefined;
}

export interface NegotiationParams {
  readonly name: string;
  /** Only messages after this sequence number. */
  readonly after?: number | undefined;
}

export interface AddProfileParams {
  /** Secrets that read `***` stay as stored when a profile is replaced. */
  readonly profile: ProfileDocumentJson;
  readonly replace?: boolean | undefined;
}

export interface AddProfileResult {
  readonly name: string;
  readonly warnings: readonly string[];
}

export interface ProfileList {
  readonly profiles: readonly ProfileSummary[];
}

export interface ProfileDocumentResult {
  readonly name: string;
  /** Secrets read `***`. */
  readonly profile: ProfileDocumentJson;
}

export interface LogTailParams {
  /** How many of the latest lines; 100 when left out. */
  readonly lines?: number | undefined;
  /** Only lines after this sequence number. */
  readonly after?: number | undefined;
}

export interface LogTail {
  readonly lines: readonly LogLine[];
}

export interface RepairResult {
  /** What was undone, one line a change. */
  readonly changes: readonly string[];
}

export interface Watch {
  readonly watch: number;
}

export interface Nothing {
  readonly [key: string]: never;
}

/** Parameters and result of every method. */
export interface MethodTypes {
  readonly 'engine.info': { readonly params: Nothing; readonly result: EngineInfo };
  readonly 'snapshot.get': { readonly params: Nothing; readonly result: Snapshot };
  /** Begins `snapshot` notifications: one at once, then one after each change, throttled. */
  readonly 'snapshot.watch': { readonly params: Nothing; readonly result: Watch };
  readonly 'snapshot.unwatch': { readonly params: Watch; readonly result: Nothing };
  readonly 'tunnel.up': { readonly params: UpParams; readonly result: UpResult };
  readonly 'tunnel.down': { readonly params: DownParams; readonly result: DownResult };
  readonly 'tunnel.rekey': { readonly params: RekeyParams; readonly result: Nothing };
  /** Makes a new IKE SA with full authentication beside the one in use, and then ends that one. */
  readonly 'tunnel.reauthenticate': { readonly params: Named; readonly result: Nothing };
  /** The latest IKE messages of a tunnel, summarised; also of one that is down again. */
  readonly 'tunnel.negotiation': { readonly params: NegotiationParams; readonly result: NegotiationResult };
  readonly 'tunnel.answer': { readonly params: AnswerParams; readonly result: Nothing };
  readonly 'profiles.add': { readonly params: AddProfileParams; readonly result: AddProfileResult };
  readonly 'profiles.list': { readonly params: Nothing; readonly result: ProfileList };
  readonly 'profiles.get': { readonly params: Named; readonly result: ProfileDocumentResult };
  readonly 'profiles.remove': { readonly params: Named; readonly result: Nothing };
  readonly 'profiles.export': { readonly params: ExportParams; readonly result: ExportResult };
  /** Reads files and keeps what is in them as a draft; `import.store` makes a profile of it. */
  readonly 'import.open': { readonly params: OpenImportParams; readonly result: ImportDraft };
  readonly 'import.unlock': { readonly params: UnlockImportParams; readonly result: ImportDraft };
  readonly 'import.store': { readonly params: StoreImportParams; readonly result: AddProfileResult };
  readonly 'import.discard': { readonly params: { readonly draft: number }; readonly result: Nothing };
  readonly 'profiles.doctor': { readonly params: DoctorParams; readonly result: DoctorReport };
  /** Everything that the engine knows, without secrets. */
  readonly 'diagnose.bundle': { readonly params: DiagnoseParams; readonly result: DiagnoseBundle };
  readonly 'log.tail': { readonly params: LogTailParams; readonly result: LogTail };
  /** Begins `log` notifications with the lines after those of the answer. */
  readonly 'log.follow': { readonly params: LogTailParams; readonly result: LogTail & Watch };
  readonly 'log.unfollow': { readonly params: Watch; readonly result: Nothing };
  /** Ends every kill switch: traffic flows beside the tunnels again. */
  readonly 'host.release': { readonly params: Nothing; readonly result: RepairResult };
  readonly 'host.repair': { readonly params: Nothing; readonly result: RepairResult };
}

export type Method = keyof MethodTypes;
export type Params<M extends Method> = MethodTypes[M]['params'];
export type ResultOf<M extends Method> = MethodTypes[M]['result'];

export interface MethodRow<M extends Method> {
  readonly right: Right;
  /** Where some parameters ask for more than `right`: the right for these. */
  readonly rightFor?: (params: Params<M>) => Right;
  readonly params: z.ZodType<Params<M>>;
  readonly result: z.ZodType<ResultOf<M>>;
}

const name = z.string().regex(NAME_PATTERN, NAME_RULE);
const document = z.record(z.string(), z.unknown());
const nothing: z.ZodType<Nothing> = z.strictObject({});
const accepted: z.ZodType<Nothing> = z.object({});
const texts = z.array(z.string());
const watch = z.number().int().positive();
const tailParams = z.strictObject({
  lines: z.number().int().min(0).max(LOG_LINES).optional(),
  after: z.number().int().nonnegative().optional(),
});

export const METHODS: { readonly [M in Method]: MethodRow<M> } = {
  'engine.info': { right: 'read', params: nothing, result: engineInfoSchema },
  'snapshot.get': { right: 'read', params: nothing, result: snapshotSchema },
  'snapshot.watch': { right: 'read', params: nothing, result: z.object({ watch }) },
  'snapshot.unwatch': { right: 'read', params: z.strictObject({ watch }), result: accepted },
  'tunnel.up': {
    right: 'operate',
    params: z.strictObject({ profile: z.union([name, document]), wait: z.boolean().optional() }),
    result: z.object({ name: z.string(), tunnel: tunnelSnapshotSchema, warnings: texts }),
  },
  'tunnel.down': {
    right: 'operate',
    params: z.strictObject({ name: name.optional() }),
    result: z.object({ ended: texts }),
  },
  'tunnel.rekey': {
    right: 'operate',
    params: z.strictObject({ name, what: z.enum(['ike', 'child']), child: name.optional() }),
    result: accepted,
  },
  'tunnel.reauthenticate': { right: 'operate', params: z.strictObject({ name }), result: accepted },
  'tunnel.negotiation': {
    right: 'read',
    params: z.strictObject({ name, after: z.number().int().nonnegative().optional() }),
    result: negotiationSchema,
  },
  'tunnel.answer': {
    right: 'operate',
    params: z.strictObject({
      name,
      prompt: z.number().int().positive(),
      answer: z.string().min(1, 'must not be empty').max(MAX_ANSWER, 'is too long'),
      store: z.boolean().optional(),
    }),
    result: accepted,
  },
  'profiles.add': {
    right: 'admin',
    params: z.strictObject({ profile: document, replace: z.boolean().optional() }),
    result: z.object({ name: z.string(), warnings: texts }),
  },
  'profiles.list': {
    right: 'read',
    params: nothing,
    result: z.object({ profiles: z.array(profileSummarySchema) }),
  },
  'profiles.get': {
    right: 'read',
    params: z.strictObject({ name }),
    result: z.object({ name: z.string(), profile: document }),
  },
  'profiles.remove': { right: 'admin', params: z.strictObject({ name }), result: accepted },
  'profiles.export': {
    right: 'operate',
    // Sealed or not, the secrets leave the engine.
    rightFor: ({ passphrase }) => (passphrase === undefined ? 'operate' : 'admin'),
    params: exportSchema,
    result: exportResultSchema,
  },
  'import.open': { right: 'admin', params: openImportSchema, result: importDraftSchema },
  'import.unlock': { right: 'admin', params: unlockImportSchema, result: importDraftSchema },
  'import.store': {
    right: 'admin',
    params: storeImportSchema,
    result: z.object({ name: z.string(), warnings: texts }),
  },
  'import.discard': { right: 'admin', params: draftSchema, result: accepted },
  // It asks servers, and the gateway with the stored credentials.
  'profiles.doctor': { right: 'operate', params: doctorSchema, result: doctorReportSchema },
  // The log and the network of the whole machine are in it.
  'diagnose.bundle': { right: 'admin', params: diagnoseSchema, result: bundleSchema },
  'log.tail': { right: 'read', params: tailParams, result: z.object({ lines: z.array(logLineSchema) }) },
  'log.follow': {
    right: 'read',
    params: tailParams,
    result: z.object({ lines: z.array(logLineSchema), watch }),
  },
  'log.unfollow': { right: 'read', params: z.strictObject({ watch }), result: accepted },
  'host.release': { right: 'admin', params: nothing, result: z.object({ changes: texts }) },
  'host.repair': { right: 'admin', params: nothing, result: z.object({ changes: texts }) },
};

export const METHOD_NAMES: readonly Method[] = Object.keys(METHODS) as Method[];

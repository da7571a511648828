/**
 * The engine as the RPC server sees it: one method a command, two subscriptions. `main.ts` hands it over;
 * parameters arrive checked. Methods reject with ApiError.
 */
import type {
  AddProfileParams,
  AddProfileResult,
  DownParams,
  DownResult,
  NegotiationParams,
  ProfileDocumentResult,
  RekeyParams,
  UpParams,
  UpResult,
} from './commands.ts';
import type { DiagnoseBundle, DiagnoseParams } from './diagnose.ts';
import type { DoctorParams, DoctorReport } from './doctor.ts';
import type { LogLine } from './events.ts';
import type { ImportApi } from './import.ts';
import type { NegotiationResult } from './negotiation.ts';
import type { AnswerParams } from './prompt.ts';
import type { EngineInfo, ProfileSummary, Snapshot } from './snapshot.ts';

export interface EngineApi {
  readonly imports: ImportApi;
  info(): EngineInfo;
  snapshot(): Snapshot;
  /** Calls `changed` whenever a snapshot would differ in more than counters; may be called often. Returns how to stop. */
  onChange(changed: () => void): () => void;
  /** Without `wait` resolves once the attempt has begun; with it once traffic can flow, or rejects with the failure. */
  up(params: UpParams): Promise<UpResult>;
  /** Resolves when the peer was told and the host is as before. A waiting `up` then rejects with CANCELLED. */
  down(params: DownParams): Promise<DownResult>;
  rekey(params: RekeyParams): Promise<void>;
  /** @throws ApiError `NOT_FOUND` when the tunnel is not up */
  reauthenticate(name: string): Promise<void>;
  /** Answers the question that a tunnel's attempt has standing. */
  answer(params: AnswerParams): Promise<void>;
  negotiation(params: NegotiationParams): NegotiationResult;
  addProfile(params: AddProfileParams): Promise<AddProfileResult>;
  listProfiles(): Promise<readonly ProfileSummary[]>;
  getProfile(name: string): Promise<ProfileDocumentResult>;
  removeProfile(name: string): Promise<void>;
  /** Examines a stored profile; a check that fails is part of the report, not a rejection. */
  doctor(params: DoctorParams): Promise<DoctorReport>;
  /** Everything that is known, without secrets, at most `MAX_BUNDLE_OCTETS` of it. */
  diagnose(params: DiagnoseParams): Promise<DiagnoseBundle>;
  /** The latest lines of the log, oldest first. */
  logTail(lines: number, after?: number): readonly LogLine[];
  /** Calls `line` for each new line of the log. Returns how to stop. */
  onLog(line: (line: LogLine) => void): () => void;
  /** Ends every kill switch. */
  release(): Promise<readonly string[]>;
  /** Undoes what earlier runs left on this machine; tunnels that are up keep theirs. */
  repair(): Promise<readonly string[]>;
}

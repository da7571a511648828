/**
 * Imports under way: what clients dropped is kept as a draft until it is stored, discarded or too old. What files
 * mean is asked of an importer, which `main.ts` provides, as this folder knows no certificates.
 */
import type { AddProfileParams, AddProfileResult, ProfileDocumentJson } from '../api/commands.ts';
import { ApiError, localFailure } from '../api/failure.ts';
import {
  DRAFT_SECONDS,
  type ExportParams,
  type ExportResult,
  type ImportApi,
  type ImportDraft,
  MAX_DRAFTS,
  type OpenImportParams,
  type StoreImportParams,
  type UnlockImportParams,
} from '../api/import.ts';
import type { Instant } from '../base/brand.ts';
import type { Scheduler } from './ports.ts';

/** What came of one drop of files. It holds secrets until it is wiped. */
export interface OpenDraft {
  view(): Omit<ImportDraft, 'draft' | 'secondsLeft'>;
  /** Tries the passphrase on what is locked. */
  unlock(passphrase: string): Promise<void>;
  /** The whole profile, secrets and all. @throws ApiError `PROFILE_INVALID`, `LOCAL_CREDENTIALS`, `USAGE` */
  document(choice: StoreImportParams): ProfileDocumentJson;
  wipe(): void;
}

export interface Importer {
  /** @throws ApiError `PROFILE_INVALID` when nothing in the files is of use, `USAGE` when there is too much of it */
  open(params: OpenImportParams): Promise<OpenDraft>;
  /** @throws ApiError `PROFILE_INVALID` when the profile cannot be written in that format */
  export(document: ProfileDocumentJson, params: ExportParams): Promise<ExportResult>;
}

export interface ImportsParts {
  readonly scheduler: Pick<Scheduler, 'now' | 'at'>;
  readonly importer: Importer;
  readonly add: (params: AddProfileParams) => Promise<AddProfileResult>;
  /** The stored document of a name, secrets and all. @throws ApiError `NOT_FOUND` */
  readonly stored: (name: string) => Promise<ProfileDocumentJson>;
}

interface Entry {
  readonly draft: OpenDraft;
  readonly ends: Instant;
  readonly callOff: () => void;
}

export class Imports implements ImportApi {
  readonly #parts: ImportsParts;
  /** In the order they were opened. */
  readonly #entries = new Map<number, Entry>();
  #last = 0;
  #closed = false;

  constructor(parts: ImportsParts) {
    this.#parts = parts;
  }

  async open(params: OpenImportParams): Promise<ImportDraft> {
    const { importer, scheduler } = this.#parts;
    const draft = await importer.open(params);
    if (this.#closed) {
      draft.wipe();
      throw new ApiError(localFailure('CANCELLED', 'the engine is stopping'));
    }
    // The oldest gives way: windows are closed without a word, and nobody should wait for their drafts to end.
    while (this.#entries.size >= MAX_DRAFTS) {
      const [oldest] = this.#entries.keys();
      if (oldest !== undefined) this.#drop(oldest);
    }
    const number = ++this.#last;
    const ends = (scheduler.now() + 1000 * DRAFT_SECONDS) as Instant;
    const callOff = scheduler.at(ends, () => this.#drop(number));
    this.#entries.set(number, { draft, ends, callOff });
    return this.#view(number);
  }

  async unlock({ draft, passphrase }: UnlockImportParams): Promise<ImportDraft> {
    await this.#entry(draft).draft.unlock(passphrase);
    return this.#view(draft);
  }

  async store(params: StoreImportParams): Promise<AddProfileResult> {
    const document = this.#entry(params.draft).draft.document(params);
    const result = await this.#parts.add({ profile: document, replace: params.replace });
    this.#drop(params.draft);
    return result;
  }

  discard(draft: number): void {
    this.#entry(draft);
    this.#drop(draft);
  }

  async export(params: ExportParams): Promise<ExportResult> {
    return this.#parts.importer.export(await this.#parts.stored(params.name), params);
  }

  /** Forgets all drafts, for good. */
  close(): void {
    this.#closed = true;
    for (const draft of [...this.#entries.keys()]) this.#drop(draft);
  }

  #entry(draft: number): Entry {
    const entry = this.#entries.get(draft);
    if (!entry)
      throw new ApiError(
        localFailure('NOT_FOUND', `there is no draft ${draft} any more`, ['Import the files again.']),
      );
    return entry;
  }

  #view(number: number): ImportDraft {
    const { draft, ends } = this.#entry(number);
    const left = (ends - this.#parts.scheduler.now()) / 1000;
    return { draft: number, secondsLeft: Math.max(0, Math.round(left)), ...draft.view() };
  }

  #drop(number: number): void {
    const entry = this.#entries.get(number);
    if (!entry) return;
    this.#entries.delete(number);
    entry.callOff();
    entry.draft.wipe();
  }
}

/**
 * The engine behind its API: tunnels by name, stored profiles, the log. Clients see it through rpc; the demo
 * uses it directly. What a profile document means is asked of `compile`, which `main.ts` provides.
 */
import type {
  AddProfileParams,
  AddProfileResult,
  DownParams,
  DownResult,
  NegotiationParams,
  ProfileDocumentJson,
  ProfileDocumentResult,
  RekeyParams,
  UpParams,
  UpResult,
} from '../api/commands.ts';
import type { DiagnoseBundle, DiagnoseParams } from '../api/diagnose.ts';
import type { DoctorParams, DoctorReport } from '../api/doctor.ts';
import type { EngineApi } from '../api/engine.ts';
import type { LogLine } from '../api/events.ts';
import { ApiError, localFailure } from '../api/failure.ts';
import type { NegotiationResult } from '../api/negotiation.ts';
import type { AnswerParams } from '../api/prompt.ts';
import type { EngineInfo, ProfileSummary, Snapshot, TunnelSnapshot } from '../api/snapshot.ts';
import { API_VERSION } from '../api/version.ts';
import type { Spi32 } from '../base/brand.ts';
import { readU32 } from '../base/bytes.ts';
import type { Failure } from '../base/failure.ts';
import type { Identity, NoteData, SessionFactory } from '../ike/contract.ts';
import type { Host } from '../os/port.ts';
import type { RehearsalStorage } from '../os/rehearsals/port.ts';
import type { ProfileStorage, StoredProfile } from '../profile/storage.ts';
import { giveAnswer, keepAnswer } from './answers.ts';
import { History } from './history.ts';
import { type Importer, Imports } from './imports.ts';
import { Negotiation } from './negotiation.ts';
import { overlap } from './overlap.ts';
import type { TunnelPlan } from './plan.ts';
import type { Credentials, World } from './ports.ts';
import { Rehearsals } from './rehearsals.ts';
import { killSwitchSnapshot, type SnapshotContext, tunnelSnapshot, tunnelState } from './snapshot.ts';
import { Tunnel } from './tunnel.ts';
import type { Keepsake, Missing } from './user-secrets.ts';

/** A profile document, understood. */
export interface CompiledProfile {
  readonly name: string;
  readonly plan: TunnelPlan;
  readonly credentials: Credentials;
  /** Asked for at each connection. */
  readonly missing?: Missing | undefined;
  readonly warnings: readonly string[];
  /** Zeroes the secrets that the plan holds. */
  wipe(): void;
}

export interface ProfileRules {
  /** @throws ApiError `PROFILE_INVALID` naming the field */
  compile(document: ProfileDocumentJson): CompiledProfile;
  summarise(document: ProfileDocumentJson): Omit<ProfileSummary, 'savedAt'>;
  /** The document with its secrets as `***`. */
  redact(document: ProfileDocumentJson): ProfileDocumentJson;
  /** `document` with each `***` replaced by the secret that `stored` has there. */
  restore(document: ProfileDocumentJson, stored: ProfileDocumentJson | undefined): ProfileDocumentJson;
}

/** Examines a profile; `connected`: its tunnel is not down. */
export type Doctor = (
  document: ProfileDocumentJson,
  params: DoctorParams,
  connected: boolean,
) => Promise<DoctorReport>;

/** Makes a bundle of what `engine` tells; `documents`: the stored profiles with their secrets. */
export type Diagnose = (
  engine: EngineApi,
  documents: readonly ProfileDocumentJson[],
  params: DiagnoseParams,
) => Promise<DiagnoseBundle>;

export interface LogSource {
  tail(lines: number, after?: number): readonly LogLine[];
  onLine(line: (line: LogLine) => void): () => void;
}

export interface EngineParts {
  readonly world: World;
  readonly host: Host;
  readonly createSession: SessionFactory;
  readonly identityText: (identity: Identity) => string;
  readonly profiles: ProfileStorage;
  /** Left out, what was rehearsed is forgotten with the engine. */
  readonly rehearsals?: RehearsalStorage;
  readonly rules: ProfileRules;
  readonly importer: Importer;
  readonly doctor: Doctor;
  readonly diagnose: Diagnose;
  readonly logSource: LogSource;
  readonly about: Omit<EngineInfo, 'api' | 'startedAt' | 'uptimeSeconds'>;
}

interface Entry {
  readonly tunnel: Tunnel;
  readonly history: History;
  readonly negotiation: Negotiation;
  readonly compiled: CompiledProfile;
}

export class Engine implements EngineApi {
  readonly imports: Imports;
  readonly #parts: EngineParts;
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<() => void>();
  readonly #startedAt: number;
  readonly #rehearsed: Rehearsals;
  #summaries: readonly ProfileSummary[] = [];
  #childIds = 0;
  #promptIds = 0;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#rehearsed = new Rehearsals(parts.rehearsals);
    this.#startedAt = parts.world.scheduler.wallClock();
    this.imports = new Imports({
      scheduler: parts.world.scheduler,
      importer: parts.importer,
      add: (params) => this.addProfile(params),
      stored: (name) => this.#stored(name),
    });
  }

  /** Reads the stored profiles for the first snapshot, and what is known of them. */
  async load(): Promise<void> {
    await this.#rehearsed.load();
    this.#summaries = await this.listProfiles();
  }

  info(): EngineInfo {
    const { scheduler } = this.#parts.world;
    return {
      api: API_VERSION,
      ...this.#parts.about,
      startedAt: scheduler.isoTime(this.#startedAt),
      uptimeSeconds: Math.round((scheduler.wallClock() - this.#startedAt) / 1000),
    };
  }

  snapshot(): Snapshot {
    const { scheduler } = this.#parts.world;
    return {
      version: API_VERSION,
      time: scheduler.isoTime(scheduler.wallClock()),
      engine: this.info(),
      profiles: this.#summaries,
      tunnels: [...this.#entries.values()].map((entry) => this.#tunnelSnapshot(entry)),
      killSwitch: killSwitchSnapshot(this.#parts.host.guards(), (name) => this.#isUp(name)),
    };
  }

  onChange(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  async up(params: UpParams): Promise<UpResult> {
    const document = typeof params.profile === 'string' ? await this.#stored(params.profile) : params.profile;
    const compiled = this.#parts.rules.compile(document);
    const running = this.#entries.get(compiled.name);
    if (running && running.tunnel.phase.kind !== 'down') {
      compiled.wipe();
      return await this.#connect(running, params.wait ?? false);
    }
    const conflict = this.#conflict(compiled);
    if (conflict) {
      compiled.wipe();
      throw new ApiError(conflict);
    }
    running?.compiled.wipe();
    const entry = this.#enter(compiled, typeof params.profile === 'string');
    return await this.#connect(entry, params.wait ?? false);
  }

  async down({ name }: DownParams): Promise<DownResult> {
    if (name !== undefined) this.#entry(name);
    const chosen = [...this.#entries.values()].filter((e) => name === undefined || e.compiled.name === name);
    const running = chosen.filter((e) => e.tunnel.phase.kind !== 'down');
    // One that is down already may still keep its kill switch shut.
    await Promise.all(chosen.map((e) => e.tunnel.down()));
    return { ended: running.map((e) => e.compiled.name) };
  }

  async rekey({ name, what, child }: RekeyParams): Promise<void> {
    const { tunnel } = this.#entry(name);
    const view = tunnel.phase.kind === 'up' ? tunnel.phase.link.view() : undefined;
    if (!view) throw notConnected(name);
    if (what === 'ike') {
      tunnel.command({ kind: 'rekey-ike' });
      return;
    }
    const children = view.children.filter((c) => child === undefined || c.name === child);
    if (children.length === 0)
      throw new ApiError(localFailure('NOT_FOUND', `${name} has no CHILD_SA ${child ?? ''}`.trim()));
    for (const { id } of children) tunnel.command({ kind: 'rekey-child', id });
  }

  async reauthenticate(name: string): Promise<void> {
    const { tunnel } = this.#entry(name);
    if (tunnel.phase.kind !== 'up') throw notConnected(name);
    tunnel.reauthentication.request();
  }

  negotiation({ name, after = 0 }: NegotiationParams): NegotiationResult {
    return {
      messages: this.#entry(name)
        .negotiation.messages()
        .filter((m) => m.sequence > after),
    };
  }

  async answer(params: AnswerParams): Promise<void> {
    giveAnswer(this.#entry(params.name).tunnel, params);
  }

  async addProfile({ profile, replace }: AddProfileParams): Promise<AddProfileResult> {
    const { rules, profiles } = this.#parts;
    const name = typeof profile.name === 'string' ? profile.name : '';
    const stored = name === '' ? undefined : await this.#find(name);
    const document = rules.restore(profile, stored?.document);
    const compiled = rules.compile(document);
    compiled.wipe();
    if (stored && replace !== true)
      throw new ApiError(
        localFailure('PROFILE_INVALID', `name: there is a profile ${name} already`, [
          'Replace it, or choose another name.',
        ]),
      );
    await profiles.put(compiled.name, document);
    await this.#profilesChanged();
    return { name: compiled.name, warnings: compiled.warnings };
  }

  async listProfiles(): Promise<readonly ProfileSummary[]> {
    const { rules, profiles } = this.#parts;
    const summaries: ProfileSummary[] = [];
    for (const found of await profiles.list()) {
      if ('problem' in found)
        summaries.push({ name: found.name, hosts: [], auth: 'psk', problem: found.problem });
      else
        summaries.push({
          ...rules.summarise(found.document),
          name: found.name,
          savedAt: this.#parts.world.scheduler.isoTime(found.savedAt),
        });
    }
    return summaries;
  }

  async getProfile(name: string): Promise<ProfileDocumentResult> {
    return { name, profile: this.#parts.rules.redact(await this.#stored(name)) };
  }

  async removeProfile(name: string): Promise<void> {
    if (!(await this.#parts.profiles.remove(name))) throw this.#unknown(name);
    this.#rehearsed.forget(name);
    await this.#profilesChanged();
  }

  async doctor(params: DoctorParams): Promise<DoctorReport> {
    const document = await this.#stored(params.name);
    const connected = (this.#entries.get(params.name)?.tunnel.phase.kind ?? 'down') !== 'down';
    return await this.#parts.doctor(document, params, connected);
  }

  async diagnose(params: DiagnoseParams): Promise<DiagnoseBundle> {
    const stored = await this.#parts.profiles.list();
    const documents = stored.flatMap((found) => ('problem' in found ? [] : [found.document]));
    return await this.#parts.diagnose(this, documents, params);
  }

  logTail(lines: number, after?: number): readonly LogLine[] {
    return this.#parts.logSource.tail(lines, after);
  }

  onLog(line: (line: LogLine) => void): () => void {
    return this.#parts.logSource.onLine(line);
  }

  async release(): Promise<readonly string[]> {
    const changes = await this.#parts.host.release();
    this.#changed();
    return changes.map((c) => c.description);
  }

  async repair(): Promise<readonly string[]> {
    const changes = await this.#parts.host.recover();
    return changes.map((c) => c.description);
  }

  /** Tells every tunnel that the network is another one. */
  networkChanged(): void {
    for (const { tunnel } of this.#entries.values())
      tunnel.networkChanged().catch((error: unknown) => this.#parts.world.log.error(String(error)));
  }

  /** Tells every tunnel that the machine has slept. */
  woke(asleepMs: number): void {
    for (const { tunnel } of this.#entries.values()) tunnel.woke(asleepMs);
  }

  /** Takes every tunnel down and leaves the host clean. */
  async stop(): Promise<void> {
    this.imports.close();
    await this.down({});
    for (const { compiled } of this.#entries.values()) compiled.wipe();
    this.#entries.clear();
  }

  /** The running tunnel of a name, for the demo and for tests. */
  tunnel(name: string): Tunnel | undefined {
    return this.#entries.get(name)?.tunnel;
  }

  #enter(compiled: CompiledProfile, stored: boolean): Entry {
    const { world, host, createSession } = this.#parts;
    const history = new History(world.scheduler.wallClock());
    const log = world.log.with({ tunnel: compiled.name });
    const negotiation = new Negotiation();
    const time = (): string => world.scheduler.isoTime(world.scheduler.wallClock());
    const note = (level: 'debug' | 'info' | 'warn', topic: string, text: string, data?: NoteData): void => {
      history.add({ time: time(), level, topic, text, ...(data ? { data } : {}) });
      log[level](text, { topic });
    };
    const tunnel: Tunnel = new Tunnel({
      plan: compiled.plan,
      world,
      host,
      createSession,
      credentials: compiled.credentials,
      missing: compiled.missing,
      stored,
      rehearsed: this.#rehearsed,
      freshPromptId: () => ++this.#promptIds,
      freshSpi: () => this.#freshSpi(),
      freshChildId: () => ++this.#childIds,
      events: {
        changed: () => {
          const state = tunnelState(tunnel);
          if (history.enter(state, world.scheduler.wallClock())) note('info', 'state', state, { state });
          this.#changed();
        },
        note,
        keep: (keepsake) => void this.#keep(compiled.name, keepsake, note),
        message: (effect) => negotiation.add(effect, time()),
      },
    });
    const entry = { tunnel, history, negotiation, compiled };
    this.#entries.set(compiled.name, entry);
    return entry;
  }

  async #connect(entry: Entry, wait: boolean): Promise<UpResult> {
    const connected = entry.tunnel.up();
    if (wait) {
      try {
        await connected;
      } catch (failure) {
        throw new ApiError(failure as Failure);
      }
    } else connected.catch(() => undefined); // the snapshot shows the failure
    const { name, warnings } = entry.compiled;
    return { name, tunnel: this.#tunnelSnapshot(entry), warnings };
  }

  /** Another tunnel that wants packets of this one. */
  #conflict({ name, plan }: CompiledProfile): Failure | undefined {
    for (const { tunnel, compiled } of this.#entries.values()) {
      if (compiled.name === name || tunnel.phase.kind === 'down') continue;
      const found = overlap(plan.children, compiled.plan.children);
      if (found)
        return localFailure(
          'SELECTORS_OVERLAP',
          `${found.ours} of ${name} overlaps with the tunnel ${compiled.name}, which has ${found.theirs}`,
          [`Disconnect ${compiled.name} first.`, 'Give the two profiles networks that do not overlap.'],
        );
    }
    return undefined;
  }

  #isUp(name: string): boolean {
    return this.#entries.get(name)?.tunnel.phase.kind === 'up';
  }

  #tunnelSnapshot({ tunnel, history }: Entry): TunnelSnapshot {
    const context: SnapshotContext = {
      scheduler: this.#parts.world.scheduler,
      identityText: this.#parts.identityText,
    };
    return tunnelSnapshot(context, tunnel, history);
  }

  /** Values below 256 are reserved (RFC 4303 §2.1). */
  #freshSpi(): Spi32 {
    const used = new Set(
      [...this.#entries.values()].flatMap(({ tunnel }) =>
        [tunnel.link, ...tunnel.reauthentication.links()].flatMap((link) => link?.inboundSpis() ?? []),
      ),
    );
    for (;;) {
      const spi = readU32(this.#parts.world.ike.random(4), 0) as Spi32;
      if (spi >= 256 && !used.has(spi)) return spi;
    }
  }

  async #keep(
    name: string,
    keepsake: Keepsake,
    note: (level: 'info' | 'warn', topic: string, text: string) => void,
  ): Promise<void> {
    try {
      note('info', 'tunnel', await keepAnswer(this.#parts.profiles, name, keepsake));
      await this.#profilesChanged();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      note('warn', 'tunnel', `the ${keepsake.kind} could not be kept: ${reason}`);
    }
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  async #profilesChanged(): Promise<void> {
    this.#summaries = await this.listProfiles();
    this.#changed();
  }

  #unknown(name: string): ApiError {
    return new ApiError(
      localFailure('NOT_FOUND', `there is no profile ${name}`, [
        '`culvert profiles list` shows those that there are.',
      ]),
    );
  }

  async #find(name: string): Promise<StoredProfile | undefined> {
    const found = await this.#parts.profiles.get(name);
    if (found && 'problem' in found)
      throw new ApiError(
        localFailure(
          found.code ?? 'PROFILE_INVALID',
          `the stored profile ${name} cannot be read: ${found.problem}`,
        ),
      );
    return found;
  }

  async #stored(name: string): Promise<ProfileDocumentJson> {
    const found = await this.#find(name);
    if (!found) throw this.#unknown(name);
    return found.document;
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (!entry)
      throw new ApiError(
        localFailure('NOT_FOUND', `there is no tunnel ${name}`, [
          '`culvert status` shows those that there are.',
        ]),
      );
    return entry;
  }
}

const notConnected = (name: string): ApiError =>
  new ApiError(localFailure('NOT_FOUND', `${name} is not connected`));

/** An engine behind the API that does nothing on its own: tests of the socket and of the CLI say what it answers. */
import type { NegotiationParams, UpParams, UpResult } from '../../../engine/api/commands.ts';

import type { DiagnoseBundle, DiagnoseParams } from '../../../engine/api/diagnose.ts';
import type { DoctorParams, DoctorReport } from '../../../engine/api/doctor.ts';
import type { EngineApi } from '../../../engine/api/engine.ts';
import type { LogLine } from '../../../engine/api/events.ts';
import { ApiError, localFailure } from '../../../engine/api/failure.ts';
import type { ExportParams, ImportApi, ImportDraft, StoreImportParams } from '../../../engine/api/import.ts';
import type { NegotiationResult } from '../../../engine/api/negotiation.ts';
import type { AnswerParams } from '../../../engine/api/prompt.ts';
import type { EngineInfo, Snapshot, TunnelSnapshot } from '../../../engine/api/snapshot.ts';
import { API_VERSION } from '../../../engine/api/version.ts';
import type { Failure } from '../../../engine/base/failure.ts';

const NOW = '2026-01-01T00:00:00.000Z';

export const INFO: EngineInfo = {
  api: API_VERSION,
  version: '9.9.9',
  pid: 4242,
  startedAt: NOW,
  uptimeSeconds: 61,
  privileged: true,
  socket: '/nowhere',
  stateFolder: '/nowhere',
  recovered: [],
};

export const TUNNEL: TunnelSnapshot = {
  name: 'office',
  profile: 'office',
  state: 'ESTABLISHED',
  since: NOW,
  usable: true,
  ike: {
    spiInitiator: '0011223344556677',
    spiResponder: '8899aabbccddeeff',
    suite: {
      text: 'aes256gcm16-prfsha384-ecp384',
      transforms: ['AES_GCM_16_256', 'PRF_HMAC_SHA2_384', 'ECP_384'],
    },
    localId: 'alice',
    remoteId: 'vpn.example.com',
    localAuth: 'PSK',
    remoteAuth: 'PSK',
    local: { address: '10.0.0.2', port: 4500 },
    remote: { address: '2001:db8::1', port: 4500 },
    nat: { local: true, remote: false, forced: false },
    fragmentation: true,
    establishedAt: NOW,
    secondsToRekey: 9000,
    secondsToExpiry: 10_800,
    rekeysDone: 1,
    roundTripMs: 12.34,
    retransmits: 0,
  },
  children: [
    {
      id: 1,
      name: 'net',
      state: 'INSTALLED',
      spiIn: '0xc0000001',
      spiOut: '0xc0000002',
      suite: { text: 'aes256gcm16-esn', transforms: ['AES_GCM_16_256'] },
      esn: true,
      local: ['10.9.0.5/32'],
      remote: ['10.0.0.0/8[tcp/443]'],
      narrowed: true,
      secondsToRekey: 2500,
      secondsToExpiry: 3600,
      rekeysDone: 3,
      bytesIn: 1_500_000,
      bytesOut: 999,
      packetsIn: 1200,
      packetsOut: 1,
      idleSeconds: 4,
    },
  ],
  addresses: ['10.9.0.5/32'],
  dns: ['10.9.0.53'],
  domains: [],
  routes: ['10.0.0.0/8'],
  hostChanges: ['route 10.0.0.0/8 into culvert0'],
  datapath: {
    description: 'worker',
    interface: 'culvert0',
    mtu: 1400,
    drops: { replay: 2, integrity: 0 },
    datagramsIn: 10,
    datagramsOut: 10,
  },
  attempts: 1,
  recentAttempts: [],
  history: [],
};

export const DRAFT: ImportDraft = {
  draft: 7,
  secondsLeft: 900,
  locked: [],
  wrongPassphrase: false,
  profiles: [],
  leaves: [],
  chain: [],
  anchors: [],
  notes: [],
};

export const BUNDLE: DiagnoseBundle = {
  format: 1,
  time: NOW,
  masked: false,
  version: '9.9.9',
  system: { platform: 'linux', node: 'v20' },
  engine: {},
  snapshot: {},
  profiles: [],
  doctor: [],
  negotiation: [],
  host: [{ title: 'ip rule show', text: '0: from all lookup local' }],
  log: [],
  omitted: ['the oldest 7 lines of the log, to keep within 524288 octets'],
};

export class FakeEngine implements EngineApi {
  readonly calls: unknown[] = [];
  /** What operations reject with, instead of succeeding. */
  failure: Failure | undefined;
  /** Keeps `up` waiting until `down`. */
  hang = false;
  tunnels: TunnelSnapshot[] = [];
  /** What an answer brings about. */
  answered: (params: AnswerParams) => void = () => undefined;
  checks: DoctorReport['checks'] = [];
  /** Makes snapshots large. */
  padding = '';
  #lines: LogLine[] = [];
  #sequence = 0;
  #hanging: { readonly resolve: () => void; readonly reject: (error: ApiError) => void }[] = [];
  readonly #changed = new Set<() => void>();
  readonly #logs = new Set<(line: LogLine) => void>();

  get listeners(): number {
    return this.#changed.size + this.#logs.size;
  }

  negotiation(params: NegotiationParams): NegotiationResult {
    this.calls.push(params);
    return { messages: [] };
  }

  async release(): Promise<readonly string[]> {
    this.calls.push('release');
    return [];
  }

  change(): void {
    for (const changed of this.#changed) changed();
  }

  say(message: string, fields: LogLine['fields'] = {}): void {
    const line: LogLine = { sequence: this.#sequence++, time: NOW, level: 'info', message, fields };
    this.#lines = [...this.#lines.slice(-50), line];
    for (const log of this.#logs) log(line);
  }

  #did(name: string, params?: unknown): void {
    this.calls.push(params === undefined ? [name] : [name, params]);
    if (this.failure) throw new ApiError(this.failure);
  }

  info(): EngineInfo {
    return INFO;
  }

  snapshot(): Snapshot {
    const engine = this.padding === '' ? INFO : { ...INFO, recovered: [this.padding] };
    return {
      version: API_VERSION,
      time: NOW,
      engine,
      profiles: [],
      tunnels: this.tunnels,
      killSwitch: { closed: false, guards: [] },
    };
  }

  onChange(changed: () => void): () => void {
    this.#changed.add(changed);
    return () => this.#changed.delete(changed);
  }

  async up(params: UpParams): Promise<UpResult> {
    this.#did('up', params);
    if (this.hang) await new Promise<void>((resolve, reject) => void this.#hanging.push({ resolve, reject }));
    return { name: 'office', tunnel: TUNNEL, warnings: [] };
  }

  /** Lets a hanging `up` succeed. */
  letGo(): void {
    for (const { resolve } of this.#hanging.splice(0)) resolve();
  }

  async down(params: { readonly name?: string | undefined }): Promise<{ ended: string[] }> {
    this.#did('down', params);
    for (const { reject } of this.#hanging.splice(0))
      reject(new ApiError(localFailure('CANCELLED', 'called off')));
    // The attempt's end is told before the answer to this, as by the real engine.
    await new Promise((resolve) => setTimeout(resolve, 20));
    return { ended: this.tunnels.map((tunnel) => tunnel.name) };
  }

  async reauthenticate(name: string): Promise<void> {
    this.#did('reauthenticate', { name });
  }
  async rekey(params: unknown): Promise<void> {
    this.#did('rekey', params);
  }

  async answer(params: AnswerParams): Promise<void> {
    this.#did('answer', params);
    this.answered(params);
  }

  async addProfile(params: {
    readonly profile: Readonly<Record<string, unknown>>;
  }): Promise<{ name: string; warnings: string[] }> {
    this.#did('addProfile', params);
    return { name: String(params.profile.name), warnings: [] };
  }

  async listProfiles(): Promise<{ name: string; hosts: string[]; auth: 'psk' }[]> {
    this.#did('listProfiles');
    return [{ name: 'office', hosts: ['vpn.example.com'], auth: 'psk' }];
  }

  async getProfile(name: string): Promise<{ name: string; profile: Record<string, unknown> }> {
    this.#did('getProfile', name);
    return { name, profile: { name, local: { auth: { psk: '***' } } } };
  }

  async removeProfile(name: string): Promise<void> {
    this.#did('removeProfile', name);
  }

  async doctor(params: DoctorParams): Promise<DoctorReport> {
    this.#did('doctor', params);
    return { name: params.name, time: NOW, checks: this.checks };
  }

  async diagnose(params: DiagnoseParams): Promise<DiagnoseBundle> {
    this.#did('diagnose', params);
    return { ...BUNDLE, masked: params.mask ?? false };
  }

  logTail(lines: number, after = -1): readonly LogLine[] {
    return lines === 0 ? [] : this.#lines.filter((line) => line.sequence > after).slice(-lines);
  }

  onLog(line: (line: LogLine) => void): () => void {
    this.#logs.add(line);
    return () => this.#logs.delete(line);
  }

  /** What `import.open` and then each `import.unlock` answer, the last one for good. */
  drafts: ImportDraft[] = [DRAFT];

  imports: ImportApi = {
    open: async (params) => {
      this.#did('import.open', params);
      return this.#draft();
    },
    unlock: async (params) => {
      this.#did('import.unlock', params);
      return this.#draft();
    },
    store: async (params: StoreImportParams) => {
      this.#did('import.store', params);
      return { name: params.name ?? 'office', warnings: [] };
    },
    discard: (draft) => this.#did('import.discard', draft),
    export: async (params: ExportParams) => {
      this.#did('profiles.export', params);
      return {
        fileName: `${params.name}.gateway.conf`,
        content: Buffer.from('connections {}\n').toString('base64'),
        report: [{ kind: 'unmapped', foreign: '', ours: 'dpd', why: "is the client's own affair" }],
      };
    },
  };

  #draft(): ImportDraft {
    return (this.drafts.length > 1 ? this.drafts.shift() : this.drafts[0]) ?? DRAFT;
  }

  async repair(): Promise<readonly string[]> {
    this.#did('repair');
    return ['removed route 10.0.0.0/8'];
  }
}

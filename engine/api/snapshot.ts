/**
 * The engine's whole truth at one moment, for clients to render. Plain JSON; counts of seconds are whole and
 * taken at the moment of the snapshot; absent means not known or not applicable.
 */
import * as z from 'zod';
import type { Failure } from '../base/failure.ts';
import { type AttemptSnapshot, attemptSchema } from './attempt.ts';
import { type TunnelEvent, tunnelEventSchema } from './events.ts';
import { failureSchema } from './failure.ts';
import { type PromptSnapshot, promptSchema } from './prompt.ts';
import type { ApiVersion } from './version.ts';

export const TUNNEL_STATES = [
  'CREATED',
  'CONNECTING',
  'ESTABLISHED',
  'REKEYING',
  'REKEYED',
  'DELETING',
  'DESTROYING',
  'PASSIVE',
] as const;

export type TunnelState = (typeof TUNNEL_STATES)[number];

export interface ProfileSummary {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly localId?: string | undefined;
  readonly remoteId?: string | undefined;
  readonly auth: 'psk' | 'pubkey' | 'eap';
  /** When our own certificate ends; ISO 8601, UTC. */
  readonly certificateExpires?: string | undefined;
  /** ISO 8601, UTC. */
  readonly savedAt?: string | undefined;
  /** Why the stored profile cannot be used, naming the field. */
  readonly problem?: string | undefined;
}

/** An algorithm set in words and as negotiated. */
export interface SuiteSnapshot {
  /** strongSwan's notation: `aes256gcm16-prfsha384-ecp384`. */
  readonly text: string;
  /** IANA names, such as `AES_GCM_16_256`, `PRF_HMAC_SHA2_384`, `ECP_384`. */
  readonly transforms: readonly string[];
  /** Keywords of those that are legacy or broken: the profile allowed them; absent when there are none. */
  readonly weak?: readonly string[] | undefined;
}

export interface EndpointSnapshot {
  readonly address: string;
  readonly port: number;
}

export interface NatSnapshot {
  readonly local: boolean;
  readonly remote: boolean;
  readonly forced: boolean;
}

export interface IkeSnapshot {
  /** Sixteen hex digits each. */
  readonly spiInitiator: string;
  readonly spiResponder: string;
  readonly suite?: SuiteSnapshot | undefined;
  readonly localId?: string | undefined;
  readonly remoteId?: string | undefined;
  /** In words: `PSK`, `EAP-MSCHAPv2`, `RSASSA-PSS with SHA2-256`, … */
  readonly localAuth?: string | undefined;
  readonly remoteAuth?: string | undefined;
  /** Whether the post-quantum pre-shared key of the profile is in the keys; absent without one. */
  readonly ppk?: boolean | undefined;
  readonly local?: EndpointSnapshot | undefined;
  readonly remote?: EndpointSnapshot | undefined;
  readonly nat: NatSnapshot;
  readonly fragmentation: boolean;
  /** ISO 8601, UTC. */
  readonly establishedAt?: string | undefined;
  readonly secondsToRekey?: number | undefined;
  readonly secondsToExpiry?: number | undefined;
  readonly rekeysDone: number;
  readonly roundTripMs?: number | undefined;
  readonly retransmits: number;
}

export interface ChildSnapshot {
  readonly id: number;
  readonly name: string;
  readonly state: 'INSTALLED' | 'REKEYING' | 'REKEYED' | 'DELETING';
  /** `0x` and eight hex digits. */
  readonly spiIn: string;
  readonly spiOut: string;
  readonly suite: SuiteSnapshot;
  readonly esn: boolean;
  /** The key exchange of its own (PFS), absent when keyed from the IKE SA. */
  readonly pfs?: string | undefined;
  /** Selectors after narrowing, as `10.0.0.0/8` or `10.0.0.1/32[tcp/443]`. */
  readonly local: readonly string[];
  readonly remote: readonly string[];
  /** The gateway gave less than was asked for. */
  readonly narrowed: boolean;
  /** ISO 8601, UTC. */
  readonly installedAt?: string | undefined;
  readonly secondsToRekey: number;
  readonly secondsToExpiry: number;
  readonly rekeysDone: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly packetsIn: number;
  readonly packetsOut: number;
  /** Since the last packet in either direction; absent before the first. */
  readonly idleSeconds?: number | undefined;
}

/** How packets are carried. */
export interface DatapathSnapshot {
  readonly description: string;
  readonly interface: string;
  readonly mtu?: number | undefined;
  /** Dropped packets by cause; causes that never happened may be left out. */
  readonly drops: Readonly<Record<string, number>>;
  readonly datagramsIn: number;
  readonly datagramsOut: number;
}

export interface TunnelSnapshot {
  readonly name: string;
  readonly profile: string;
  readonly state: TunnelState;
  /** When it entered the state; ISO 8601, UTC. */
  readonly since: string;
  /** Traffic can flow: a child is installed and the host is set up. */
  readonly usable: boolean;
  readonly ike?: IkeSnapshot | undefined;
  readonly children: readonly ChildSnapshot[];
  /** Virtual addresses with their prefix length. */
  readonly addresses: readonly string[];
  readonly dns: readonly string[];
  readonly domains: readonly string[];
  readonly routes: readonly string[];
  /** What was changed on this machine, one line a change. */
  readonly hostChanges: readonly string[];
  readonly datapath?: DatapathSnapshot | undefined;
  readonly lastFailure?: Failure | undefined;
  /** Children that were closed for want of traffic: the next packet that matches opens them again, and is lost. */
  readonly resting?: readonly string[] | undefined;
  /** Attempts at connecting since `up`, the current one included. */
  readonly attempts: number;
  /** What was tried, address by address, and why it failed: latest last, at most 50. */
  readonly recentAttempts: readonly AttemptSnapshot[];
  /** Until the next attempt, while waiting for one. */
  readonly secondsToRetry?: number | undefined;
  /** What the attempt wants to know from its user before it goes on. */
  readonly prompt?: PromptSnapshot | undefined;
  /** Latest last, at most 200. */
  readonly history: readonly TunnelEvent[];
}

export interface EngineInfo {
  readonly api: ApiVersion;
  /** Of the program. */
  readonly version: string;
  readonly pid: number;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly uptimeSeconds: number;
  /** Whether it may change the host: false for an engine of an ordinary user. */
  readonly privileged: boolean;
  readonly socket: string;
  readonly stateFolder: string;
  /** What the start undid that a crash had left behind, one line a change. */
  readonly recovered: readonly string[];
  /** What protects the secrets of stored profiles, in a sentence; absent as long as there are none. */
  readonly secrets?: string | undefined;
}

export interface GuardSnapshot {
  readonly profile: string;
  /** `while-up` ends with `down`, `always` with `host.release`. */
  readonly mode: 'while-up' | 'always';
  /** `everything`, or networks. */
  readonly protects: readonly string[];
  /** Nothing of what it protects can leave now, because its tunnel is not up. */
  readonly blocking: boolean;
}

export interface KillSwitchSnapshot {
  /** Everything is blocked because its record could not be read; `host.release` ends it. */
  readonly closed: boolean;
  readonly guards: readonly GuardSnapshot[];
}

export interface Snapshot {
  readonly version: ApiVersion;
  /** When it was taken; ISO 8601, UTC. */
  readonly time: string;
  readonly engine: EngineInfo;
  readonly profiles: readonly ProfileSummary[];
  readonly tunnels: readonly TunnelSnapshot[];
  readonly killSwitch: KillSwitchSnapshot;
}

const count = z.number().int().nonnegative();
const texts = z.array(z.string());
const version: z.ZodType<ApiVersion> = z.object({ major: count, minor: count });

const suiteSchema: z.ZodType<SuiteSnapshot> = z.object({
  text: z.string(),
  transforms: texts,
  weak: texts.optional(),
});
const endpointSchema: z.ZodType<EndpointSnapshot> = z.object({
  address: z.string(),
  port: count.max(65535),
});

export const profileSummarySchema: z.ZodType<ProfileSummary> = z.object({
  name: z.string(),
  hosts: texts,
  localId: z.string().optional(),
  remoteId: z.string().optional(),
  auth: z.enum(['psk', 'pubkey', 'eap']),
  certificateExpires: z.string().optional(),
  savedAt: z.string().optional(),
  problem: z.string().optional(),
});

const ikeSchema: z.ZodType<IkeSnapshot> = z.object({
  spiInitiator: z.string(),
  spiResponder: z.string(),
  suite: suiteSchema.optional(),
  localId: z.string().optional(),
  remoteId: z.string().optional(),
  localAuth: z.string().optional(),
  remoteAuth: z.string().optional(),
  ppk: z.boolean().optional(),
  local: endpointSchema.optional(),
  remote: endpointSchema.optional(),
  nat: z.object({ local: z.boolean(), remote: z.boolean(), forced: z.boolean() }),
  fragmentation: z.boolean(),
  establishedAt: z.string().optional(),
  secondsToRekey: z.number().optional(),
  secondsToExpiry: z.number().optional(),
  rekeysDone: count,
  roundTripMs: z.number().nonnegative().optional(),
  retransmits: count,
});

const childSchema: z.ZodType<ChildSnapshot> = z.object({
  id: count,
  name: z.string(),
  state: z.enum(['INSTALLED', 'REKEYING', 'REKEYED', 'DELETING']),
  spiIn: z.string(),
  spiOut: z.string(),
  suite: suiteSchema,
  esn: z.boolean(),
  pfs: z.string().optional(),
  local: texts,
  remote: texts,
  narrowed: z.boolean(),
  installedAt: z.string().optional(),
  secondsToRekey: z.number(),
  secondsToExpiry: z.number(),
  rekeysDone: count,
  bytesIn: count,
  bytesOut: count,
  packetsIn: count,
  packetsOut: count,
  idleSeconds: z.number().nonnegative().optional(),
});

const datapathSchema: z.ZodType<DatapathSnapshot> = z.object({
  description: z.string(),
  interface: z.string(),
  mtu: count.optional(),
  drops: z.record(z.string(), count),
  datagramsIn: count,
  datagramsOut: count,
});

export const tunnelSnapshotSchema: z.ZodType<TunnelSnapshot> = z.object({
  name: z.string(),
  profile: z.string(),
  state: z.enum(TUNNEL_STATES),
  since: z.string(),
  usable: z.boolean(),
  ike: ikeSchema.optional(),
  children: z.array(childSchema),
  addresses: texts,
  dns: texts,
  domains: texts,
  routes: texts,
  hostChanges: texts,
  datapath: datapathSchema.optional(),
  lastFailure: failureSchema.optional(),
  resting: texts.optional(),
  attempts: count,
  recentAttempts: z.array(attemptSchema),
  secondsToRetry: z.number().nonnegative().optional(),
  prompt: promptSchema.optional(),
  history: z.array(tunnelEventSchema),
});

export const engineInfoSchema: z.ZodType<EngineInfo> = z.object({
  api: version,
  version: z.string(),
  pid: count,
  startedAt: z.string(),
  uptimeSeconds: z.number().nonnegative(),
  privileged: z.boolean(),
  socket: z.string(),
  stateFolder: z.string(),
  recovered: texts,
  secrets: z.string().optional(),
});

export const snapshotSchema: z.ZodType<Snapshot> = z.object({
  version,
  time: z.string(),
  engine: engineInfoSchema,
  profiles: z.array(profileSummarySchema),
  tunnels: z.array(tunnelSnapshotSchema),
  killSwitch: z.object({
    closed: z.boolean(),
    guards: z.array(
      z.object({
        profile: z.string(),
        mode: z.enum(['while-up', 'always']),
        protects: texts,
        blocking: z.boolean(),
      }),
    ),
  }),
});

/** The parameter of the notification `snapshot`. */
export interface SnapshotNotification {
  readonly watch: number;
  readonly snapshot: Snapshot;
}

export const snapshotNotificationSchema: z.ZodType<SnapshotNotification> = z.object({
  watch: z.number(),
  snapshot: snapshotSchema,
});

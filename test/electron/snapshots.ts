/** Snapshots as an engine would give them, for what the shell decides from them. */
import type { ProfileSummary, Snapshot, TunnelSnapshot } from '../../engine/api/snapshot.ts';

export const NOW = '2026-03-01T12:00:00.000Z';

export const tunnel = (name: string, change: Partial<TunnelSnapshot> = {}): TunnelSnapshot => ({
  name,
  profile: name,
  state: 'CREATED',
  since: NOW,
  usable: false,
  children: [],
  addresses: [],
  dns: [],
  domains: [],
  routes: [],
  hostChanges: [],
  attempts: 0,
  recentAttempts: [],
  history: [],
  ...change,
});

export const up = (name: string, change: Partial<TunnelSnapshot> = {}): TunnelSnapshot =>
  tunnel(name, { state: 'ESTABLISHED', usable: true, addresses: ['10.77.0.2/32'], ...change });

export const failure = (message: string): NonNullable<TunnelSnapshot['lastFailure']> => ({
  code: 'NO_ANSWER',
  phase: 'IKE_SA_INIT',
  message,
  authenticated: false,
});

export const profile = (name: string, change: Partial<ProfileSummary> = {}): ProfileSummary => ({
  name,
  hosts: ['vpn.example.com'],
  auth: 'pubkey',
  ...change,
});

export const snapshot = (
  tunnels: readonly TunnelSnapshot[],
  profiles: readonly ProfileSummary[] = [],
  time: string = NOW,
): Snapshot => ({
  version: { major: 1, minor: 0 },
  time,
  engine: {
    api: { major: 1, minor: 0 },
    version: '0.1.0',
    pid: 1,
    startedAt: NOW,
    uptimeSeconds: 1,
    privileged: true,
    socket: '/run/culvert/engine.sock',
    stateFolder: '/var/lib/culvert',
    recovered: [],
  },
  profiles,
  tunnels,
  killSwitch: { closed: false, guards: [] },
});

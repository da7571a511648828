/** What tunnels and the gateway need of the world, as narrow ports; `main.ts` fills them in. */
import type { Instant } from '../base/brand.ts';
import type { Endpoint, Prefix } from '../base/ip.ts';
import type { Log } from '../base/log.ts';
import type { Datapath } from '../datapath/protocol.ts';
import type { Effect, Identity, IkeContext, Input } from '../ike/contract.ts';

export interface Scheduler {
  /** The monotonic clock. */
  now(): Instant;
  /** The wall clock in milliseconds since 1970, for what people read. */
  wallClock(): number;
  /** ISO 8601 in UTC of such milliseconds. */
  isoTime(epochMillis: number): string;
  /** Runs once at `when`, or at once when that has passed. Returns how to call it off. */
  at(when: Instant, run: () => void): () => void;
}

type EffectOf<K extends Effect['kind']> = Extract<Effect, { kind: K }>;
type InputOf<K extends Input['kind']> = Extract<Input, { kind: K }>;

/** Keys and certificates of one profile. May take its time: a key can live on a card. */
export interface Credentials {
  sign(request: EffectOf<'sign'>): Promise<InputOf<'signature'>['result']>;
  verifyPeer(request: EffectOf<'verify-peer'>): Promise<InputOf<'peer-verdict'>['result']>;
  /** A TLS connection without a network, to a server that must prove this identity; none without the ability. */
  openTls?(server: Identity): TlsConnection;
}

/** The TLS connection of an EAP method, step by step. */
export interface TlsConnection {
  step(step: EffectOf<'tls'>['step']): Promise<InputOf<'tls'>['result']>;
  close(): void;
}

/** A plain UDP socket without the non-ESP marker, for IKE on port 500. */
export interface IkeSocket {
  readonly local: Endpoint;
  send(bytes: Uint8Array, remote: Endpoint): void;
  onDatagram(listener: (bytes: Uint8Array, remote: Endpoint) => void): void;
  close(): void;
}

export interface OpenDatapath {
  readonly datapath: Datapath;
  /** Name of its tun. */
  readonly interface: string;
}

/** Everything a tunnel touches outside itself. */
export interface World {
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly ike: Pick<IkeContext, 'crypto' | 'random' | 'sameIdentity'>;
  /** Addresses of a host name, both families. @throws OsError `name-not-found` */
  resolve(host: string): Promise<readonly string[]>;
  /** The address that the host would send from, for NAT detection. */
  localAddressFor(remote: string): Promise<string | undefined>;
  /** What the kernel knows of the path's MTU, in octets of IP datagram. */
  pathMtu(remote: string): Promise<number | undefined>;
  /** Of this machine, without those of the named interfaces. */
  localAddresses(except: readonly string[]): Promise<readonly string[]>;
  /** Private networks that this machine is part of, without those of the named interfaces. */
  localNetworks(except: readonly string[]): Promise<readonly Prefix[]>;
  openIkeSocket(family: 4 | 6): Promise<IkeSocket>;
  /** @throws OsError `tun-unavailable`, `udp-unavailable` */
  openDatapath(request: { readonly name: string; readonly mtu: number }): Promise<OpenDatapath>;
}

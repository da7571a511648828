/**
 * The contract between the control plane and the data path: what is sent down, what comes up, what is
 * counted. Plain data, so that the data path may run in a worker thread or inline.
 */
import type { Endpoint } from '../base/ip.ts';
import type { EspSaPair, Selector } from '../esp/params.ts';

/** Where ESP of one peer goes: our UDP socket is the data path's own. */
export interface PeerPath {
  readonly remote: Endpoint;
  /** Our address toward the peer, when it matters which; the data path may ignore it. */
  readonly local?: Endpoint;
}

export type Drop =
  | 'no-sa'
  | 'replay'
  | 'integrity'
  | 'selector'
  | 'malformed'
  | 'no-route'
  | 'too-big'
  | 'expired'
  | 'tun-full'
  | 'udp-error'
  /** Without content, sent to hide how much there is to say (RFC 4303 §2.6): no loss. */
  | 'dummy'
  /** A router marked congestion on a packet whose sender does not know the mark (RFC 6040 §4.2). */
  | 'congestion';

/** What a trap waits for: packets of the host from one of these to one of those. */
export interface TrapSelectors {
  readonly local: readonly Selector[];
  readonly remote: readonly Selector[];
}

/** Counters of one SA pair, since it was installed. Octets are of the inner packets. */
export interface SaCounters {
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly packetsIn: number;
  readonly packetsOut: number;
  /** Milliseconds since the last inbound packet that was authentic, `undefined` before the first. */
  readonly idleIn: number | undefined;
  readonly idleOut: number | undefined;
}

/** Counters of the whole data path, since its start. */
export interface PathCounters {
  readonly drops: Readonly<Record<Drop, number>>;
  /** Datagrams and system calls, to see batching at work. */
  readonly datagramsIn: number;
  readonly datagramsOut: number;
}

export type DatapathEvent =
  /** An IKE message that arrived on the data path's socket, non-ESP marker removed. */
  | { readonly kind: 'ike'; readonly bytes: Uint8Array; readonly remote: Endpoint; readonly local: Endpoint }
  | { readonly kind: 'soft-limit' | 'hard-limit'; readonly id: number }
  /** The first authentic inbound packet of a pair whose outbound side waits ('later'). */
  | { readonly kind: 'first-inbound'; readonly id: number }
  /** A packet of the host fell into a trap, and is lost; the trap is gone. */
  | { readonly kind: 'trapped'; readonly id: number }
  /** An authentic packet came from another address than the path's (RFC 7296 §2.23). */
  | { readonly kind: 'peer-moved'; readonly id: number; readonly remote: Endpoint }
  /** Authentic-looking ESP for an SPI nobody has: a hint that the peer kept an SA that we lost. */
  | { readonly kind: 'unknown-spi'; readonly spi: number; readonly remote: Endpoint }
  /** The data path cannot go on; it has closed itself. */
  | { readonly kind: 'failed'; readonly reason: string };

/** One data path: one tun, one UDP socket on which IKE and ESP share a port. */
export interface Datapath {
  /** The UDP address that it is bound to. */
  readonly local: Endpoint;
  /** How packets are carried, for the status: `worker`, `inline`, and the tun's name. */
  readonly description: string;
  install(pair: EspSaPair, path: PeerPath): void;
  activateOutbound(id: number): void;
  /** `lingerMs` keeps the inbound side open for packets still under way; outbound ends at once. */
  remove(id: number, lingerMs: number): void;
  setPath(id: number, path: PeerPath): void;
  /** Tells of the first packet of the host that these selectors take and no SA does; none: takes the trap away. */
  trap(id: number, selectors?: TrapSelectors): void;
  /** Sends an IKE message with the non-ESP marker in front. */
  sendIke(bytes: Uint8Array, remote: Endpoint): void;
  /** One octet 0xFF every `seconds` when nothing else was sent there (RFC 3948 §4); 0 switches off. */
  keepalive(remote: Endpoint, seconds: number): void;
  /** TCP MSS clamp for packets in both directions: the largest inner packet. */
  setInnerMtu(mtu: number): void;
  counters(id: number): SaCounters | undefined;
  totals(): PathCounters;
  onEvent(listener: (event: DatapathEvent) => void): void;
  close(): Promise<void>;
}

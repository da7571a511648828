/** A layer-3 virtual interface. Batch-shaped: one call moves many packets. */
import type { OffloadLevel } from '../../base/offload-level.ts';

export interface TunRequest {
  /** Wanted name; a `%d` is replaced by the first free number. */
  readonly name: string;
  readonly mtu: number;
  /** No more than this; all that the system has when left out. */
  readonly offload?: OffloadLevel;
}

/**
 * What a tun's descriptor reads and writes: bare packets, or a `struct virtio_net_hdr` before each, which may then be
 * a TCP super-packet (`tso`), or a TCP or UDP one (`uso`).
 */
export type TunOffload = 'none' | 'tso' | 'uso';

/** An open tun. The addresses on it are `os/route`'s business. */
export interface Tun {
  readonly name: string;
  readonly mtu: number;
  /** File descriptor for a blocking data path, or -1 when it can only be used through the callbacks below. */
  readonly fd: number;
  readonly offload: TunOffload;
  /** Hands inbound packets (from the host, to be sealed) to `listener`, a batch a call; views are valid during the call only. */
  onPackets(listener: (packets: readonly Uint8Array[]) => void): void;
  /** Gives packets to the host; returns how many were taken. */
  write(packets: readonly Uint8Array[]): number;
  close(): void;
}

export interface TunPort {
  /** @throws OsError `tun-unavailable` (no permission, no device), with what to do. */
  open(request: TunRequest): Promise<Tun>;
}

/** A layer-3 virtual interface. Batch-shaped: one call moves many packets. */

export interface TunRequest {
  /** Wanted name; a `%d` is replaced by the first free number. */
  readonly name: string;
  readonly mtu: number;
}

/** An open tun. The addresses on it are `os/route`'s business. */
export interface Tun {
  readonly name: string;
  readonly mtu: number;
  /** File descriptor for a blocking data path, or -1 when it can only be used through the callbacks below. */
  readonly fd: number;
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

/** UDP for the control plane, and what the kernel knows of the way to a peer. */
import type { Endpoint } from '../../base/ip.ts';

export interface UdpRequest {
  /** 0 for any free port. */
  readonly port: number;
  /** One address, or every address of its family; both families when absent. */
  readonly address?: string;
}

export interface UdpSocket {
  readonly local: Endpoint;
  /** Sends at once; a datagram that the system refuses is lost like any other. */
  send(bytes: Uint8Array, remote: Endpoint): void;
  /** One listener; the octets are its own. */
  onDatagram(listener: (bytes: Uint8Array, remote: Endpoint) => void): void;
  close(): void;
}

export interface UdpPort {
  /** @throws OsError `udp-unavailable` (the port is taken) or `permission` */
  open(request: UdpRequest): Promise<UdpSocket>;
  /** The address that the host would send from, `undefined` when it has no route. */
  localAddressFor(remote: string): Promise<string | undefined>;
  /** Octets of the largest IP datagram toward the peer, where the system tells. */
  pathMtu(remote: string): Promise<number | undefined>;
}

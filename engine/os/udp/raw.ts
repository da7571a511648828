/** A bound socket that a worker thread reads and writes with system calls of its own. */
import type { Endpoint } from '../../base/ip.ts';
import type { Marks } from '../../base/marks.ts';

export interface RawUdp {
  /** A descriptor, or a SOCKET on Windows. */
  readonly fd: number;
  readonly local: Endpoint;
  /** One message may carry many datagrams of one size (UDP_SEGMENT, UDP_SEND_MSG_SIZE). */
  readonly segments: boolean;
  /** What is received may be many datagrams of one size, and says so (UDP_GRO, UDP_RECV_MAX_COALESCED_SIZE). */
  readonly coalesces: boolean;
  /** What each message may say of the outer traffic class (IP_TOS and IPV6_TCLASS, IP_ECN). */
  readonly says: Marks;
  /** What is told of each datagram's (IP_RECVTOS and IPV6_RECVTCLASS, IP_RECVECN). */
  readonly tells: Marks;
  /** `prefix` and `bytes` as one datagram, at once; false when the system refuses. */
  send(prefix: Uint8Array, bytes: Uint8Array, remote: Endpoint): boolean;
  close(): void;
}

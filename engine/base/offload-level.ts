/**
 * How much of a packet's way may be done in bulk, from nothing to all that the data path knows. Each level includes
 * those before it; what the system lacks is left out by itself, so a level is a limit and no promise.
 */
export const OFFLOAD_LEVELS = [
  /** One packet a datagram, as on kernels before 4.18. */
  'packet',
  /** Several ESP packets a system call on the socket (UDP_SEGMENT, UDP_GRO). */
  'udp',
  /** TCP super-packets and unfinished checksums on the tun (IFF_VNET_HDR, TUNSETOFFLOAD). */
  'tso',
  /** UDP super-packets on the tun as well, from kernel 6.2. */
  'uso',
] as const;

export type OffloadLevel = (typeof OFFLOAD_LEVELS)[number];

/** Whether a limit lets a level's means be used. */
export const allowsOffload = (limit: OffloadLevel, level: OffloadLevel): boolean =>
  OFFLOAD_LEVELS.indexOf(limit) >= OFFLOAD_LEVELS.indexOf(level);

/**
 * Sizes, offsets and numbers of Linux's C interface on 64-bit little-endian machines (x86-64, arm64), in octets, as
 * the headers of glibc and the kernel publish them. test/engine/os/ffi/abi.test.ts holds them against koffi's layout.
 */

/** `struct msghdr` inside `struct mmsghdr` (sys/socket.h). */
export const MMSGHDR = {
  size: 64,
  name: 0,
  namelen: 8,
  iov: 16,
  iovlen: 24,
  control: 32,
  controllen: 40,
  flags: 48,
  len: 56,
} as const;
export const IOVEC = { size: 16, base: 0, len: 8 } as const;
export const POLLFD = { size: 8, fd: 0, events: 4, revents: 6 } as const;
export const CMSGHDR = { size: 16, len: 0, level: 8, type: 12 } as const;
/** `struct in6_pktinfo`, the address first. */
export const IN6_PKTINFO = { size: 20, addr: 0, ifindex: 16 } as const;
/** `struct virtio_net_hdr` (linux/virtio_net.h), in the machine's byte order on a tun. */
export const VIRTIO_NET_HDR = {
  size: 10,
  flags: 0,
  gsoType: 1,
  hdrLen: 2,
  gsoSize: 4,
  csumStart: 6,
  csumOffset: 8,
} as const;
export const VIRTIO_NET_HDR_F_NEEDS_CSUM = 1;
export const VIRTIO_NET_HDR_GSO = { NONE: 0, TCPV4: 1, TCPV6: 4, UDP_L4: 5, ECN: 0x80 } as const;
/** `struct ifreq` (net/if.h): the name, then a union. */
export const IFREQ = { size: 40, name: 0, nameLength: 16, union: 16 } as const;
export const SOCKADDR_IN = { size: 16, family: 0, port: 2, addr: 4 } as const;
export const SOCKADDR_IN6 = { size: 28, family: 0, port: 2, flowinfo: 4, addr: 8, scope: 24 } as const;

/** `struct sockaddr_nl` (linux/netlink.h). */
export const SOCKADDR_NL = { size: 12, family: 0, pid: 4, groups: 8 } as const;

export const AF = { INET: 2, INET6: 10, NETLINK: 16 } as const;
export const SOCK = { DGRAM: 2, RAW: 3, CLOEXEC: 0o2000000, NONBLOCK: 0o4000 } as const;
export const OPEN = { RDWR: 2, NONBLOCK: 0o4000, CLOEXEC: 0o2000000 } as const;
export const EFD = { CLOEXEC: 0o2000000, NONBLOCK: 0o4000 } as const;
export const POLL = { IN: 1, ERR: 8, HUP: 16, NVAL: 32 } as const;
export const MSG_DONTWAIT = 0x40;
export const MSG_TRUNC = 0x20;

export const SOL_SOCKET = 1;
export const SO = {
  SNDBUF: 7,
  RCVBUF: 8,
  RCVTIMEO: 20,
  SNDTIMEO: 21,
  SNDBUFFORCE: 32,
  RCVBUFFORCE: 33,
} as const;
export const SOL_UDP = 17;
/** linux/udp.h. As control messages they carry a uint16 and an int. */
export const UDP = { SEGMENT: 103, GRO: 104 } as const;
export const IPPROTO_IP = 0;
export const IPPROTO_IPV6 = 41;
export const IP = { TOS: 1, MTU_DISCOVER: 10, RECVTOS: 13, MTU: 14 } as const;
export const IPV6 = {
  MTU_DISCOVER: 23,
  MTU: 24,
  V6ONLY: 26,
  RECVPKTINFO: 49,
  PKTINFO: 50,
  RECVTCLASS: 66,
  TCLASS: 67,
} as const;
/** Leave fragmentation to whoever needs it: no DF on what we send. */
export const PMTUDISC_DONT = 0;

export const TUNSETIFF = 0x400454ca;
export const TUNSETOFFLOAD = 0x400454d0;
/** Arguments of TUNSETOFFLOAD (linux/if_tun.h). */
export const TUN_F = { CSUM: 1, TSO4: 2, TSO6: 4, TSO_ECN: 8, USO4: 0x20, USO6: 0x40 } as const;
export const IFF = { UP: 1, TUN: 1, NO_PI: 0x1000, VNET_HDR: 0x4000 } as const;
export const SIOC = { GIFFLAGS: 0x8913, SIFFLAGS: 0x8914, GIFMTU: 0x8921, SIFMTU: 0x8922 } as const;

export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  EAGAIN: 11,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENOSYS: 38,
  EBADFD: 77,
  EMSGSIZE: 90,
  EOPNOTSUPP: 95,
  EAFNOSUPPORT: 97,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
} as const;

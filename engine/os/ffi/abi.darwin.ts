/**
 * Sizes, offsets and numbers of Darwin's C interface on 64-bit little-endian machines (x86-64, arm64), in octets, as
 * Apple's headers publish them (xnu/bsd). test/engine/os/ffi/abi-darwin.test.ts holds them against koffi's layout.
 * Every socket address begins with its length and its family, an octet each.
 */

/** `struct msghdr_x` (sys/socket_private.h). The length of what is sent is that of the I/O vectors. */
export const MSGHDR_X = {
  size: 56,
  name: 0,
  namelen: 8,
  iov: 16,
  iovlen: 24,
  control: 32,
  controllen: 40,
  flags: 44,
  datalen: 48,
} as const;
/** `struct msghdr` (sys/socket.h). */
export const MSGHDR = {
  size: 48,
  name: 0,
  namelen: 8,
  iov: 16,
  iovlen: 24,
  control: 32,
  controllen: 40,
  flags: 44,
} as const;
/** Data follows at once; the next message begins at a multiple of four. */
export const CMSGHDR = { size: 12, len: 0, level: 4, type: 8 } as const;
export const SOCKADDR = { len: 0, family: 1 } as const;
export const SOCKADDR_IN = { size: 16, port: 2, addr: 4 } as const;
export const SOCKADDR_IN6 = { size: 28, port: 2, flowinfo: 4, addr: 8, scope: 24 } as const;
/** `struct sockaddr_dl` (net/if_dl.h): a link, by index or name. */
export const SOCKADDR_DL = { size: 20, index: 2, type: 4, nlen: 5, alen: 6, slen: 7, data: 8 } as const;
/** `struct sockaddr_ctl` (sys/kern_control.h). */
export const SOCKADDR_CTL = { size: 32, sysaddr: 2, id: 4, unit: 8 } as const;
/** `struct ctl_info` (sys/kern_control.h). */
export const CTL_INFO = { size: 100, id: 0, name: 4, nameLength: 96 } as const;
/** `struct ifreq` (net/if.h): the name, then a union. */
export const IFREQ = { size: 32, name: 0, nameLength: 16, union: 16 } as const;
/** `struct ifaliasreq` (net/if.h). */
export const IFALIASREQ = { size: 64, addr: 16, broadaddr: 32, mask: 48 } as const;
/** `struct in6_aliasreq` and `struct in6_ifreq` (netinet6/in6_var.h). */
export const IN6_ALIASREQ = {
  size: 128,
  addr: 16,
  dstaddr: 44,
  prefixmask: 72,
  flags: 100,
  lifetime: 104,
  vltime: 120,
  pltime: 124,
} as const;
export const IN6_IFREQ = { size: 288, name: 0, addr: 16 } as const;
/** `struct rt_msghdr` (net/route.h), with the MTU of its `struct rt_metrics`; the socket addresses follow. */
export const RT_MSGHDR = {
  size: 92,
  msglen: 0,
  version: 2,
  type: 3,
  index: 4,
  flags: 8,
  addrs: 12,
  pid: 16,
  seq: 20,
  errno: 24,
  mtu: 40,
} as const;
/** `struct if_msghdr` (net/if.h), with the MTU of its `struct if_data`. */
export const IF_MSGHDR = { size: 112, addrs: 4, flags: 8, index: 12, mtu: 24 } as const;
/** `struct ifa_msghdr` (net/if.h). */
export const IFA_MSGHDR = { size: 20, addrs: 4, flags: 8, index: 12 } as const;
/** `struct xucred` (sys/ucred.h), with room for sixteen groups. */
export const XUCRED = { size: 76, version: 0, uid: 4, ngroups: 8, groups: 12, mostGroups: 16 } as const;

export const AF = { UNIX: 1, INET: 2, ROUTE: 17, LINK: 18, INET6: 30, SYSTEM: 32 } as const;
export const AF_SYS_CONTROL = 2;
export const SYSPROTO_CONTROL = 2;
export const SOCK = { DGRAM: 2, RAW: 3 } as const;
export const FCNTL = { SETFD: 2, GETFL: 3, SETFL: 4 } as const;
export const FD_CLOEXEC = 1;
export const O_NONBLOCK = 4;
export const MSG_DONTWAIT = 0x80;
export const SOL_SOCKET = 0xffff;
export const SO = { SNDBUF: 0x1001, RCVBUF: 0x1002 } as const;
export const IPPROTO_IP = 0;
export const IPPROTO_IPV6 = 41;
/** netinet/in.h. As a control message it carries an int. */
export const IP = { TOS: 3 } as const;
/** The numbers of RFC 3542's options (netinet6/in6.h under __APPLE_USE_RFC_3542). TCLASS carries an int. */
export const IPV6 = { V6ONLY: 27, RECVTCLASS: 35, TCLASS: 36, PKTINFO: 46, RECVPKTINFO: 61 } as const;
/** Of unix sockets (sys/un.h). */
export const SOL_LOCAL = 0;
export const LOCAL = { PEERCRED: 1, PEERPID: 2 } as const;
export const XUCRED_VERSION = 0;

/** net/if_utun.h. */
export const UTUN_CONTROL_NAME = 'com.apple.net.utun_control';
export const UTUN_OPT_IFNAME = 2;
/** Octets before each packet of a utun: the protocol family in network order. */
export const UTUN_HEADER_LENGTH = 4;

/** Requests of ioctl: direction, size of the argument, group, number (sys/ioccom.h). */
export const CTLIOCGINFO = 0xc064_4e03;
export const SIOC = {
  SIFFLAGS: 0x8020_6910,
  GIFFLAGS: 0xc020_6911,
  GIFMTU: 0xc020_6933,
  SIFMTU: 0x8020_6934,
  DIFADDR: 0x8020_6919,
  AIFADDR: 0x8040_691a,
  DIFADDR_IN6: 0x8120_6919,
  AIFADDR_IN6: 0x8080_691a,
} as const;
export const IFF_UP = 1;
export const IN6_IFF_NODAD = 0x20;
/** ND6_INFINITE_LIFETIME. */
export const FOR_EVER = 0xffff_ffff;

export const CTL_NET = 4;
/** What a sysctl of PF_ROUTE is asked for. */
export const NET_RT = { DUMP: 1, IFLIST: 3 } as const;
export const RTM_VERSION = 5;
export const RTM = {
  ADD: 1,
  DELETE: 2,
  CHANGE: 3,
  GET: 4,
  REDIRECT: 6,
  NEWADDR: 0xc,
  DELADDR: 0xd,
  IFINFO: 0xe,
} as const;
export const RTF = {
  UP: 0x1,
  GATEWAY: 0x2,
  HOST: 0x4,
  REJECT: 0x8,
  LLINFO: 0x400,
  STATIC: 0x800,
  PROTO1: 0x8000,
  WASCLONED: 0x2_0000,
  IFSCOPE: 0x100_0000,
} as const;
/** Bit number of each socket address after a message, which is their order as well. */
export const RTAX = {
  DST: 0,
  GATEWAY: 1,
  NETMASK: 2,
  GENMASK: 3,
  IFP: 4,
  IFA: 5,
  AUTHOR: 6,
  BRD: 7,
} as const;
export const RTAX_MAX = 8;

export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  EINVAL: 22,
  EAGAIN: 35,
  EMSGSIZE: 40,
  EADDRINUSE: 48,
  EADDRNOTAVAIL: 49,
  ENOBUFS: 55,
  ENOSYS: 78,
} as const;

/** The last octet of a utun's header for a packet whose first octet is given; the three before it are zero. */
export const utunFamily = (first: number): number => (first >>> 4 === 6 ? AF.INET6 : AF.INET);

/**
 * Sizes, offsets and numbers of the Windows interface on 64-bit machines, in octets, as the headers of the SDK publish
 * them (netioapi.h, ws2def.h, ws2ipdef.h, mswsock.h, winreg.h). test/engine/os/ffi/abi-win32.test.ts holds them against
 * koffi's layout and a C compiler's.
 */

/** `NO_ERROR` and what else is told apart. */
export const ERROR = {
  SUCCESS: 0,
  FILE_NOT_FOUND: 2,
  ACCESS_DENIED: 5,
  HANDLE_EOF: 38,
  NO_MORE_ITEMS: 259,
  ALREADY_EXISTS: 183,
  SERVICE_DOES_NOT_EXIST: 1060,
  SERVICE_NOT_ACTIVE: 1062,
  NOT_FOUND: 1168,
  OBJECT_ALREADY_EXISTS: 5010,
} as const;

export const WAIT = { OBJECT_0: 0, TIMEOUT: 258, FAILED: 0xffff_ffff } as const;

// Winsock

export const AF = { UNSPEC: 0, INET: 2, INET6: 23 } as const;
export const SOCK_DGRAM = 2;
export const WSA_FLAG_OVERLAPPED = 1;
export const WSADATA_SIZE = 408;
export const SOCKADDR_IN6 = { size: 28, family: 0, port: 2, flowinfo: 4, addr: 8, scope: 24 } as const;
export const SOCKADDR_IN = { size: 16, family: 0, port: 2, addr: 4 } as const;
/** `WSAMSG` (ws2def.h); the buffer array is at `buffers`, the control buffer is inside. */
export const WSAMSG = {
  size: 56,
  name: 0,
  namelen: 8,
  buffers: 16,
  count: 24,
  controllen: 32,
  control: 40,
  flags: 48,
} as const;
export const WSABUF = { size: 16, len: 0, buf: 8 } as const;
/** `WSACMSGHDR`; data and the next header begin at multiples of eight. */
export const WSACMSGHDR = { size: 16, len: 0, level: 8, type: 12 } as const;
export const IN_PKTINFO = { size: 8, addr: 0, ifindex: 4 } as const;
export const IN6_PKTINFO = { size: 20, addr: 0, ifindex: 16 } as const;

export const IPPROTO = { IP: 0, UDP: 17, IPV6: 41 } as const;
/**
 * TOS, TCLASS and ECN carry an INT as control messages. As a socket's option ECN has it told of each datagram (IP_RECVECN
 * and IPV6_RECVECN are the same number: Windows Server 2022, Windows 11), and MTU is asked of a connected socket.
 */
export const IP = { TOS: 3, DONTFRAGMENT: 14, PKTINFO: 19, ECN: 50, MTU: 73 } as const;
export const IPV6 = { PKTINFO: 19, V6ONLY: 27, TCLASS: 39, ECN: 50, MTU: 72 } as const;
/** ws2ipdef.h. As control messages both carry a DWORD. Windows 10 2004 and later. */
export const UDP = { SEND_MSG_SIZE: 2, RECV_MAX_COALESCED_SIZE: 3, COALESCED_INFO: 3 } as const;
export const SOL_SOCKET = 0xffff;
export const SO = { EXCLUSIVEADDRUSE: -5, SNDBUF: 0x1001, RCVBUF: 0x1002 } as const;
export const FD_READ = 1;
export const SIO = {
  GET_EXTENSION_FUNCTION_POINTER: 0xc800_0006,
  UDP_CONNRESET: 0x9800_000c,
  UDP_NETRESET: 0x9800_000f,
} as const;
export const WSAE = {
  ACCES: 10013,
  INVAL: 10022,
  WOULDBLOCK: 10035,
  NOTSOCK: 10038,
  MSGSIZE: 10040,
  NOPROTOOPT: 10042,
  OPNOTSUPP: 10045,
  ADDRINUSE: 10048,
  NETRESET: 10052,
  CONNRESET: 10054,
} as const;

// IP helper

/** `SOCKADDR_INET`: a sockaddr_in or a sockaddr_in6. */
export const SOCKADDR_INET = { size: 28, family: 0, addr4: 4, addr6: 8 } as const;
export const IP_ADDRESS_PREFIX = { size: 32, prefix: 0, length: 28 } as const;
export const MIB_UNICASTIPADDRESS_ROW = {
  size: 80,
  address: 0,
  luid: 32,
  index: 40,
  prefixOrigin: 44,
  suffixOrigin: 48,
  validLifetime: 52,
  preferredLifetime: 56,
  onLinkPrefixLength: 60,
  skipAsSource: 61,
  dadState: 64,
} as const;
export const MIB_IPFORWARD_ROW2 = {
  size: 104,
  luid: 0,
  index: 8,
  destination: 12,
  nextHop: 44,
  sitePrefixLength: 72,
  validLifetime: 76,
  preferredLifetime: 80,
  metric: 84,
  protocol: 88,
  loopback: 92,
  autoconfigure: 93,
  publish: 94,
  immortal: 95,
  origin: 100,
} as const;
export const MIB_IPINTERFACE_ROW = {
  size: 168,
  family: 0,
  luid: 8,
  index: 16,
  useAutomaticMetric: 44,
  routerDiscovery: 52,
  dadTransmits: 56,
  sitePrefixLength: 144,
  metric: 148,
  mtu: 152,
  connected: 156,
} as const;
/** Every `MIB_…_TABLE`: a count, then rows. */
export const MIB_TABLE = { count: 0, rows: 8 } as const;
export const GUID_SIZE = 16;
/** Characters of an interface's alias with its zero (ifdef.h: IF_MAX_STRING_SIZE + 1). */
export const ALIAS_LENGTH = 257;

/** nldef.h */
export const PROTOCOL_NETMGMT = 3;
export const DAD_PREFERRED = 4;
export const ROUTER_DISCOVERY_DISABLED = 0;
export const INFINITE_LIFETIME = 0xffff_ffff;

/** netioapi.h: `DNS_INTERFACE_SETTINGS`, version 1. */
export const DNS_INTERFACE_SETTINGS = {
  size: 64,
  version: 0,
  flags: 8,
  domain: 16,
  nameServer: 24,
  searchList: 32,
  registrationEnabled: 40,
} as const;
export const DNS_SETTINGS_VERSION = 1;
export const DNS_SETTING = { IPV6: 1, NAMESERVER: 2 } as const;

// Registry and services

/** winreg.h */
export const HKEY_LOCAL_MACHINE = 0x8000_0002;
export const REG = { SZ: 1, DWORD: 4, MULTI_SZ: 7 } as const;
export const REG_OPTION = { NON_VOLATILE: 0, VOLATILE: 1 } as const;
export const KEY = { READ: 0x20019, WRITE: 0x20006, DELETE: 0x1_0000, WOW64_64KEY: 0x100 } as const;
export const SERVICE_STATUS_SIZE = 28;
export const SC_MANAGER_CONNECT = 1;
export const SERVICE_PAUSE_CONTINUE = 0x40;
export const SERVICE_CONTROL_PARAMCHANGE = 6;

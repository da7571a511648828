/**
 * rtnetlink's numbers and structures (linux/rtnetlink.h, if_link.h, if_addr.h, fib_rules.h, ipv6.h), sizes and offsets
 * in octets, and how its requests are begun. Pure.
 */

export const RTM = {
  NEWLINK: 16,
  GETLINK: 18,
  NEWADDR: 20,
  DELADDR: 21,
  GETADDR: 22,
  NEWROUTE: 24,
  DELROUTE: 25,
  GETROUTE: 26,
  NEWRULE: 32,
  DELRULE: 33,
  GETRULE: 34,
} as const;

/** `struct ifinfomsg`, `ifaddrmsg`, `rtmsg` and `fib_rule_hdr`, in octets. */
export const IFINFOMSG = { size: 16, family: 0, type: 2, index: 4, flags: 8, change: 12 } as const;
export const IFADDRMSG = { size: 8, family: 0, prefixlen: 1, flags: 2, scope: 3, index: 4 } as const;
export const RTMSG = {
  size: 12,
  family: 0,
  dstLen: 1,
  srcLen: 2,
  tos: 3,
  table: 4,
  protocol: 5,
  scope: 6,
  type: 7,
  flags: 8,
} as const;
export const FIB_RULE_HDR = {
  size: 12,
  family: 0,
  dstLen: 1,
  srcLen: 2,
  tos: 3,
  table: 4,
  action: 7,
  flags: 8,
} as const;

export const AF_INET = 2;
export const AF_INET6 = 10;
export const IFF_UP = 1;
export const IFLA = { IFNAME: 3, MTU: 4, AF_SPEC: 26, EXT_MASK: 29 } as const;
/** Without statistics, which make an answer long. */
export const RTEXT_FILTER_SKIP_STATS = 8;
export const IFLA_INET6 = { CONF: 2, ADDR_GEN_MODE: 8 } as const;
/** Place of `disable_ipv6` among the numbers of IFLA_INET6_CONF (linux/ipv6.h, DEVCONF_*). */
export const DEVCONF_DISABLE_IPV6 = 26;
export const IFA = { ADDRESS: 1, LOCAL: 2, FLAGS: 8 } as const;
export const IFA_F = { NODAD: 2, NOPREFIXROUTE: 0x200 } as const;
export const RTA = { DST: 1, OIF: 4, PRIORITY: 6, PREFSRC: 7, TABLE: 15 } as const;
export const RTN = { UNICAST: 1, THROW: 9 } as const;
export const RT_SCOPE = { UNIVERSE: 0, LINK: 253, NOWHERE: 255 } as const;
/** A route that the kernel remembers of a look-up, not one of a table. */
export const RTM_F_CLONED = 0x200;
export const FRA = { PRIORITY: 6, TABLE: 15, PROTOCOL: 21 } as const;
export const FR_ACT_TO_TBL = 1;

/** A number as an attribute holds it. */
export const u32 = (value: number): Uint8Array => {
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setUint32(0, value, true);
  return octets;
};

/** `struct ifinfomsg`. */
export function ifInfo(index: number, flags = 0, change = 0): Uint8Array {
  const header = new Uint8Array(IFINFOMSG.size);
  const view = new DataView(header.buffer);
  view.setInt32(IFINFOMSG.index, index, true);
  view.setUint32(IFINFOMSG.flags, flags, true);
  view.setUint32(IFINFOMSG.change, change, true);
  return header;
}

/** AF_INET or AF_INET6. */
export const familyNumber = (family: 4 | 6): number => (family === 4 ? AF_INET : AF_INET6);

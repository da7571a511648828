/**
 * Darwin's structures as Apple's headers declare them, laid out by koffi, against the constants that the code uses, and
 * both against numbers. Sources: xnu/bsd/sys/{socket,socket_private,kern_control,ucred,ioccom,sockio}.h,
 * bsd/net/{if,if_dl,if_utun,if_var,route}.h, bsd/netinet6/in6_var.h. LP64 with natural alignment.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import koffi from 'koffi';
import * as abi from '../../../../engine/os/ffi/abi.darwin.ts';

const array = koffi.array;
const msghdrX = koffi.struct({
  msg_name: 'void *',
  msg_namelen: 'uint32',
  msg_iov: 'void *',
  msg_iovlen: 'int',
  msg_control: 'void *',
  msg_controllen: 'uint32',
  msg_flags: 'int',
  msg_datalen: 'size_t',
});
const msghdr = koffi.struct({
  msg_name: 'void *',
  msg_namelen: 'uint32',
  msg_iov: 'void *',
  msg_iovlen: 'int',
  msg_control: 'void *',
  msg_controllen: 'uint32',
  msg_flags: 'int',
});
const cmsghdr = koffi.struct({ cmsg_len: 'uint32', cmsg_level: 'int', cmsg_type: 'int' });
const sockaddr = koffi.struct({ sa_len: 'uint8', sa_family: 'uint8', sa_data: array('char', 14) });
const sockaddrIn = koffi.struct({
  sin_len: 'uint8',
  sin_family: 'uint8',
  sin_port: 'uint16',
  sin_addr: 'uint32',
  sin_zero: array('char', 8),
});
const sockaddrIn6 = koffi.struct({
  sin6_len: 'uint8',
  sin6_family: 'uint8',
  sin6_port: 'uint16',
  sin6_flowinfo: 'uint32',
  sin6_addr: array('uint8', 16),
  sin6_scope_id: 'uint32',
});
const sockaddrDl = koffi.struct({
  sdl_len: 'uint8',
  sdl_family: 'uint8',
  sdl_index: 'uint16',
  sdl_type: 'uint8',
  sdl_nlen: 'uint8',
  sdl_alen: 'uint8',
  sdl_slen: 'uint8',
  sdl_data: array('char', 12),
});
const sockaddrCtl = koffi.struct({
  sc_len: 'uint8',
  sc_family: 'uint8',
  ss_sysaddr: 'uint16',
  sc_id: 'uint32',
  sc_unit: 'uint32',
  sc_reserved: array('uint32', 5),
});
const ctlInfo = koffi.struct({ ctl_id: 'uint32', ctl_name: array('char', 96) });
const ifreq = koffi.struct({
  ifr_name: array('char', 16),
  ifr_ifru: koffi.union({ addr: sockaddr, flags: 'short', mtu: 'int', data: 'void *' }),
});
const ifaliasreq = koffi.struct({
  ifra_name: array('char', 16),
  ifra_addr: sockaddr,
  ifra_broadaddr: sockaddr,
  ifra_mask: sockaddr,
});
const in6Lifetime = koffi.struct({
  ia6t_expire: 'int64',
  ia6t_preferred: 'int64',
  ia6t_vltime: 'uint32',
  ia6t_pltime: 'uint32',
});
const in6Aliasreq = koffi.struct({
  ifra_name: array('char', 16),
  ifra_addr: sockaddrIn6,
  ifra_dstaddr: sockaddrIn6,
  ifra_prefixmask: sockaddrIn6,
  ifra_flags: 'int',
  ifra_lifetime: in6Lifetime,
});
/** The largest member of the union is `struct icmp6_ifstat`, 34 counters of 64 bits. */
const in6Ifreq = koffi.struct({
  ifr_name: array('char', 16),
  ifr_ifru: koffi.union({ addr: sockaddrIn6, icmp6stat: array('uint64', 34) }),
});
const rtMetrics = koffi.struct({
  rmx_locks: 'uint32',
  rmx_mtu: 'uint32',
  rmx_others: array('uint32', 12),
});
const rtMsghdr = koffi.struct({
  rtm_msglen: 'uint16',
  rtm_version: 'uint8',
  rtm_type: 'uint8',
  rtm_index: 'uint16',
  rtm_flags: 'int',
  rtm_addrs: 'int',
  rtm_pid: 'int32',
  rtm_seq: 'int',
  rtm_errno: 'int',
  rtm_use: 'int',
  rtm_inits: 'uint32',
  rtm_rmx: rtMetrics,
});
const ifData = koffi.struct({
  ifi_bytes: array('uint8', 8),
  ifi_mtu: 'uint32',
  ifi_metric: 'uint32',
  ifi_counters: array('uint32', 20),
});
const ifMsghdr = koffi.struct({
  ifm_msglen: 'uint16',
  ifm_version: 'uint8',
  ifm_type: 'uint8',
  ifm_addrs: 'int',
  ifm_flags: 'int',
  ifm_index: 'uint16',
  ifm_data: ifData,
});
const ifaMsghdr = koffi.struct({
  ifam_msglen: 'uint16',
  ifam_version: 'uint8',
  ifam_type: 'uint8',
  ifam_addrs: 'int',
  ifam_flags: 'int',
  ifam_index: 'uint16',
  ifam_metric: 'int',
});
const xucred = koffi.struct({
  cr_version: 'uint32',
  cr_uid: 'uint32',
  cr_ngroups: 'short',
  cr_groups: array('uint32', 16),
});

type Struct = Parameters<typeof koffi.offsetof>[0];

/** Our table, the structure, its size as published, and its members by their names in the table. */
const LAYOUTS: readonly (readonly [
  name: string,
  table: Readonly<Record<string, number>>,
  Struct,
  number,
  Readonly<Record<string, readonly [member: string, offset: number]>>,
])[] = [
  [
    'MSGHDR_X',
    abi.MSGHDR_X,
    msghdrX,
    56,
    {
      name: ['msg_name', 0],
      namelen: ['msg_namelen', 8],
      iov: ['msg_iov', 16],
      iovlen: ['msg_iovlen', 24],
      control: ['msg_control', 32],
      controllen: ['msg_controllen', 40],
      flags: ['msg_flags', 44],
      datalen: ['msg_datalen', 48],
    },
  ],
  [
    'MSGHDR',
    abi.MSGHDR,
    msghdr,
    48,
    {
      name: ['msg_name', 0],
      namelen: ['msg_namelen', 8],
      iov: ['msg_iov', 16],
      iovlen: ['msg_iovlen', 24],
      control: ['msg_control', 32],
      controllen: ['msg_controllen', 40],
      flags: ['msg_flags', 44],
    },
  ],
  [
    'CMSGHDR',
    abi.CMSGHDR,
    cmsghdr,
    12,
    { len: ['cmsg_len', 0], level: ['cmsg_level', 4], type: ['cmsg_type', 8] },
  ],
  ['SOCKADDR_IN', abi.SOCKADDR_IN, sockaddrIn, 16, { port: ['sin_port', 2], addr: ['sin_addr', 4] }],
  [
    'SOCKADDR_IN6',
    abi.SOCKADDR_IN6,
    sockaddrIn6,
    28,
    {
      port: ['sin6_port', 2],
      flowinfo: ['sin6_flowinfo', 4],
      addr: ['sin6_addr', 8],
      scope: ['sin6_scope_id', 24],
    },
  ],
  [
    'SOCKADDR_DL',
    abi.SOCKADDR_DL,
    sockaddrDl,
    20,
    {
      index: ['sdl_index', 2],
      type: ['sdl_type', 4],
      nlen: ['sdl_nlen', 5],
      alen: ['sdl_alen', 6],
      slen: ['sdl_slen', 7],
      data: ['sdl_data', 8],
    },
  ],
  [
    'SOCKADDR_CTL',
    abi.SOCKADDR_CTL,
    sockaddrCtl,
    32,
    { sysaddr: ['ss_sysaddr', 2], id: ['sc_id', 4], unit: ['sc_unit', 8] },
  ],
  ['CTL_INFO', abi.CTL_INFO, ctlInfo, 100, { id: ['ctl_id', 0], name: ['ctl_name', 4] }],
  ['IFREQ', abi.IFREQ, ifreq, 32, { name: ['ifr_name', 0], union: ['ifr_ifru', 16] }],
  [
    'IFALIASREQ',
    abi.IFALIASREQ,
    ifaliasreq,
    64,
    { addr: ['ifra_addr', 16], broadaddr: ['ifra_broadaddr', 32], mask: ['ifra_mask', 48] },
  ],
  [
    'IN6_ALIASREQ',
    abi.IN6_ALIASREQ,
    in6Aliasreq,
    128,
    {
      addr: ['ifra_addr', 16],
      dstaddr: ['ifra_dstaddr', 44],
      prefixmask: ['ifra_prefixmask', 72],
      flags: ['ifra_flags', 100],
      lifetime: ['ifra_lifetime', 104],
    },
  ],
  ['IN6_IFREQ', abi.IN6_IFREQ, in6Ifreq, 288, { name: ['ifr_name', 0], addr: ['ifr_ifru', 16] }],
  [
    'RT_MSGHDR',
    abi.RT_MSGHDR,
    rtMsghdr,
    92,
    {
      msglen: ['rtm_msglen', 0],
      version: ['rtm_version', 2],
      type: ['rtm_type', 3],
      index: ['rtm_index', 4],
      flags: ['rtm_flags', 8],
      addrs: ['rtm_addrs', 12],
      pid: ['rtm_pid', 16],
      seq: ['rtm_seq', 20],
      errno: ['rtm_errno', 24],
    },
  ],
  [
    'IF_MSGHDR',
    abi.IF_MSGHDR,
    ifMsghdr,
    112,
    { addrs: ['ifm_addrs', 4], flags: ['ifm_flags', 8], index: ['ifm_index', 12] },
  ],
  [
    'IFA_MSGHDR',
    abi.IFA_MSGHDR,
    ifaMsghdr,
    20,
    { addrs: ['ifam_addrs', 4], flags: ['ifam_flags', 8], index: ['ifam_index', 12] },
  ],
  [
    'XUCRED',
    abi.XUCRED,
    xucred,
    76,
    {
      version: ['cr_version', 0],
      uid: ['cr_uid', 4],
      ngroups: ['cr_ngroups', 8],
      groups: ['cr_groups', 12],
    },
  ],
];

for (const [name, table, struct, size, members] of LAYOUTS)
  test(`${name} is laid out as published`, () => {
    assert.equal(koffi.sizeof(struct), size);
    assert.equal(table.size, size);
    for (const [key, [member, offset]] of Object.entries(members)) {
      assert.equal(koffi.offsetof(struct, member), offset, member);
      assert.equal(table[key], offset, key);
    }
  });

test('members within members', () => {
  assert.equal(abi.RT_MSGHDR.mtu, koffi.offsetof(rtMsghdr, 'rtm_rmx') + koffi.offsetof(rtMetrics, 'rmx_mtu'));
  assert.equal(abi.IF_MSGHDR.mtu, koffi.offsetof(ifMsghdr, 'ifm_data') + koffi.offsetof(ifData, 'ifi_mtu'));
  const { lifetime, vltime, pltime } = abi.IN6_ALIASREQ;
  assert.equal(vltime, lifetime + koffi.offsetof(in6Lifetime, 'ia6t_vltime'));
  assert.equal(pltime, lifetime + koffi.offsetof(in6Lifetime, 'ia6t_pltime'));
});

/** sys/ioccom.h: direction, octets of the argument, group, number. */
const [OUT, IN] = [0x4000_0000, 0x8000_0000];
const request = (direction: number, group: string, number: number, argument: Struct): number =>
  direction + koffi.sizeof(argument) * 0x1_0000 + group.charCodeAt(0) * 0x100 + number;

test('requests of ioctl are made of direction, size, group and number', () => {
  assert.equal(abi.CTLIOCGINFO, request(IN + OUT, 'N', 3, ctlInfo));
  assert.deepEqual(abi.SIOC, {
    SIFFLAGS: request(IN, 'i', 16, ifreq),
    GIFFLAGS: request(IN + OUT, 'i', 17, ifreq),
    GIFMTU: request(IN + OUT, 'i', 51, ifreq),
    SIFMTU: request(IN, 'i', 52, ifreq),
    DIFADDR: request(IN, 'i', 25, ifreq),
    AIFADDR: request(IN, 'i', 26, ifaliasreq),
    DIFADDR_IN6: request(IN, 'i', 25, in6Ifreq),
    AIFADDR_IN6: request(IN, 'i', 26, in6Aliasreq),
  });
});

test('options of a socket have the numbers that Apple’s headers give them', () => {
  // netinet/in.h, and netinet6/in6.h under __APPLE_USE_RFC_3542, where two differ from FreeBSD's.
  assert.deepEqual([abi.IPPROTO_IP, abi.IPPROTO_IPV6, abi.IP], [0, 41, { TOS: 3 }]);
  assert.deepEqual(abi.IPV6, { V6ONLY: 27, RECVTCLASS: 35, TCLASS: 36, PKTINFO: 46, RECVPKTINFO: 61 });
});

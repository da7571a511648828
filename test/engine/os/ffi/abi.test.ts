/** Linux's structures as their headers declare them, laid out by koffi, against the constants that the code uses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import koffi from 'koffi';
import * as abi from '../../../../engine/os/ffi/abi.ts';
import { NLATTR, NLMSGERR, NLMSGHDR } from '../../../../engine/os/netlink/message.ts';
import { FIB_RULE_HDR, IFADDRMSG, IFINFOMSG, RTMSG } from '../../../../engine/os/netlink/numbers.ts';
import { requireOrSkip } from '../../../support/require.ts';

const sockaddr = { in6_addr: koffi.array('uint8', 16) };
const iovec = koffi.struct({ iov_base: 'void *', iov_len: 'size_t' });
const msghdr = koffi.struct({
  msg_name: 'void *',
  msg_namelen: 'uint32',
  msg_iov: 'void *',
  msg_iovlen: 'size_t',
  msg_control: 'void *',
  msg_controllen: 'size_t',
  msg_flags: 'int',
});
const mmsghdr = koffi.struct({ msg_hdr: msghdr, msg_len: 'uint' });
const pollfd = koffi.struct({ fd: 'int', events: 'short', revents: 'short' });
const cmsghdr = koffi.struct({ cmsg_len: 'size_t', cmsg_level: 'int', cmsg_type: 'int' });
const pktinfo = koffi.struct({ ipi6_addr: sockaddr.in6_addr, ipi6_ifindex: 'uint32' });
const sockaddrIn = koffi.struct({
  sin_family: 'uint16',
  sin_port: 'uint16',
  sin_addr: 'uint32',
  sin_zero: koffi.array('uint8', 8),
});
const sockaddrIn6 = koffi.struct({
  sin6_family: 'uint16',
  sin6_port: 'uint16',
  sin6_flowinfo: 'uint32',
  sin6_addr: sockaddr.in6_addr,
  sin6_scope_id: 'uint32',
});
const virtioNetHdr = koffi.struct({
  flags: 'uint8',
  gso_type: 'uint8',
  hdr_len: 'uint16',
  gso_size: 'uint16',
  csum_start: 'uint16',
  csum_offset: 'uint16',
});
const ifmap = koffi.struct({
  mem_start: 'ulong',
  mem_end: 'ulong',
  base_addr: 'uint16',
  irq: 'uint8',
  dma: 'uint8',
  port: 'uint8',
});
const ifreq = koffi.struct({
  ifr_name: koffi.array('char', 16),
  ifr_ifru: koffi.union({ flags: 'short', mtu: 'int', map: ifmap, newname: koffi.array('char', 16) }),
});

const sockaddrNl = koffi.struct({
  nl_family: 'uint16',
  nl_pad: 'uint16',
  nl_pid: 'uint32',
  nl_groups: 'uint32',
});
const nlmsghdr = koffi.struct({
  len: 'uint32',
  type: 'uint16',
  flags: 'uint16',
  seq: 'uint32',
  pid: 'uint32',
});
const nlattr = koffi.struct({ len: 'uint16', type: 'uint16' });
const nlmsgerr = koffi.struct({ error: 'int', request: nlmsghdr });
const ifinfomsg = koffi.struct({
  family: 'uint8',
  pad: 'uint8',
  type: 'uint16',
  index: 'int',
  flags: 'uint',
  change: 'uint',
});
const ifaddrmsg = koffi.struct({
  family: 'uint8',
  prefixlen: 'uint8',
  flags: 'uint8',
  scope: 'uint8',
  index: 'uint32',
});
const octetsThenFlags = (...names: string[]): ReturnType<typeof koffi.struct> =>
  koffi.struct({ ...Object.fromEntries(names.map((name) => [name, 'uint8'])), flags: 'uint32' });
const rtmsg = octetsThenFlags('family', 'dstLen', 'srcLen', 'tos', 'table', 'protocol', 'scope', 'type');
const fibRuleHdr = octetsThenFlags('family', 'dstLen', 'srcLen', 'tos', 'table', 'res1', 'res2', 'action');

const at = (type: Parameters<typeof koffi.offsetof>[0], member: string): number =>
  koffi.offsetof(type, member);

test('sizes and offsets are those of the published structures', (t) => {
  if (!requireOrSkip(t, { files: ['/proc/self/fd'] })) return;
  assert.equal(koffi.sizeof('void *'), 8);
  assert.deepEqual(abi.MMSGHDR, {
    size: koffi.sizeof(mmsghdr),
    name: at(msghdr, 'msg_name'),
    namelen: at(msghdr, 'msg_namelen'),
    iov: at(msghdr, 'msg_iov'),
    iovlen: at(msghdr, 'msg_iovlen'),
    control: at(msghdr, 'msg_control'),
    controllen: at(msghdr, 'msg_controllen'),
    flags: at(msghdr, 'msg_flags'),
    len: at(mmsghdr, 'msg_len'),
  });
  assert.deepEqual(abi.IOVEC, {
    size: koffi.sizeof(iovec),
    base: at(iovec, 'iov_base'),
    len: at(iovec, 'iov_len'),
  });
  assert.deepEqual(abi.POLLFD, {
    size: koffi.sizeof(pollfd),
    fd: at(pollfd, 'fd'),
    events: at(pollfd, 'events'),
    revents: at(pollfd, 'revents'),
  });
  assert.deepEqual(abi.CMSGHDR, {
    size: koffi.sizeof(cmsghdr),
    len: at(cmsghdr, 'cmsg_len'),
    level: at(cmsghdr, 'cmsg_level'),
    type: at(cmsghdr, 'cmsg_type'),
  });
  assert.deepEqual(abi.IN6_PKTINFO, {
    size: koffi.sizeof(pktinfo),
    addr: at(pktinfo, 'ipi6_addr'),
    ifindex: at(pktinfo, 'ipi6_ifindex'),
  });
  assert.deepEqual(abi.SOCKADDR_IN, {
    size: koffi.sizeof(sockaddrIn),
    family: at(sockaddrIn, 'sin_family'),
    port: at(sockaddrIn, 'sin_port'),
    addr: at(sockaddrIn, 'sin_addr'),
  });
  assert.deepEqual(abi.SOCKADDR_IN6, {
    size: koffi.sizeof(sockaddrIn6),
    family: at(sockaddrIn6, 'sin6_family'),
    port: at(sockaddrIn6, 'sin6_port'),
    flowinfo: at(sockaddrIn6, 'sin6_flowinfo'),
    addr: at(sockaddrIn6, 'sin6_addr'),
    scope: at(sockaddrIn6, 'sin6_scope_id'),
  });
  assert.deepEqual(abi.VIRTIO_NET_HDR, {
    size: koffi.sizeof(virtioNetHdr),
    flags: at(virtioNetHdr, 'flags'),
    gsoType: at(virtioNetHdr, 'gso_type'),
    hdrLen: at(virtioNetHdr, 'hdr_len'),
    gsoSize: at(virtioNetHdr, 'gso_size'),
    csumStart: at(virtioNetHdr, 'csum_start'),
    csumOffset: at(virtioNetHdr, 'csum_offset'),
  });
  assert.deepEqual(abi.IFREQ, {
    size: koffi.sizeof(ifreq),
    name: at(ifreq, 'ifr_name'),
    nameLength: 16,
    union: at(ifreq, 'ifr_ifru'),
  });
});

test('sizes and offsets of netlink are those of the published structures', () => {
  const same = (published: Readonly<Record<string, number>>, type: Parameters<typeof at>[0]): void => {
    const { size, ...members } = published;
    assert.equal(koffi.sizeof(type), size);
    for (const [member, offset] of Object.entries(members)) assert.equal(at(type, member), offset, member);
  };
  const { family, pid, groups } = abi.SOCKADDR_NL;
  same({ size: abi.SOCKADDR_NL.size, nl_family: family, nl_pid: pid, nl_groups: groups }, sockaddrNl);
  same(NLMSGHDR, nlmsghdr);
  same(NLATTR, nlattr);
  same(NLMSGERR, nlmsgerr);
  same(IFINFOMSG, ifinfomsg);
  same(IFADDRMSG, ifaddrmsg);
  same(RTMSG, rtmsg);
  same(FIB_RULE_HDR, fibRuleHdr);
});

test('error numbers are those of this system', () => {
  for (const [name, number] of Object.entries(abi.ERRNO))
    if (koffi.os.errno[name] !== undefined) assert.equal(koffi.os.errno[name], number, name);
});

/** Linux' structures and numbers as its own headers have them, by a C compiler, against the constants that the code uses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as abi from '../../../../engine/os/ffi/abi.ts';
import { requireOrSkip } from '../../../support/require.ts';
import { type CLayout, confirm } from './support/c-layout.ts';

/** `nameLength` is no offset: it is asked for by itself below. */
const { nameLength, ...ifreq } = abi.IFREQ;

const LAYOUTS: readonly CLayout[] = [
  {
    type: 'struct mmsghdr',
    offsets: abi.MMSGHDR,
    fields: {
      name: 'msg_hdr.msg_name',
      namelen: 'msg_hdr.msg_namelen',
      iov: 'msg_hdr.msg_iov',
      iovlen: 'msg_hdr.msg_iovlen',
      control: 'msg_hdr.msg_control',
      controllen: 'msg_hdr.msg_controllen',
      flags: 'msg_hdr.msg_flags',
      len: 'msg_len',
    },
  },
  { type: 'struct iovec', offsets: abi.IOVEC, fields: { base: 'iov_base', len: 'iov_len' } },
  { type: 'struct pollfd', offsets: abi.POLLFD, fields: { fd: 'fd', events: 'events', revents: 'revents' } },
  {
    type: 'struct cmsghdr',
    offsets: abi.CMSGHDR,
    fields: { len: 'cmsg_len', level: 'cmsg_level', type: 'cmsg_type' },
  },
  {
    type: 'struct in6_pktinfo',
    offsets: abi.IN6_PKTINFO,
    fields: { addr: 'ipi6_addr', ifindex: 'ipi6_ifindex' },
  },
  {
    type: 'struct virtio_net_hdr',
    offsets: abi.VIRTIO_NET_HDR,
    fields: {
      flags: 'flags',
      gsoType: 'gso_type',
      hdrLen: 'hdr_len',
      gsoSize: 'gso_size',
      csumStart: 'csum_start',
      csumOffset: 'csum_offset',
    },
  },
  { type: 'struct ifreq', offsets: ifreq, fields: { name: 'ifr_name', union: 'ifr_ifru' } },
  {
    type: 'struct sockaddr_in',
    offsets: abi.SOCKADDR_IN,
    fields: { family: 'sin_family', port: 'sin_port', addr: 'sin_addr' },
  },
  {
    type: 'struct sockaddr_in6',
    offsets: abi.SOCKADDR_IN6,
    fields: {
      family: 'sin6_family',
      port: 'sin6_port',
      flowinfo: 'sin6_flowinfo',
      addr: 'sin6_addr',
      scope: 'sin6_scope_id',
    },
  },
];

const prefixed = (prefix: string, numbers: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(numbers).map(([name, value]) => [`${prefix}${name}`, value]));

const NUMBERS: Readonly<Record<string, number>> = {
  'sizeof(((struct ifreq *)0)->ifr_name)': nameLength,
  ...prefixed('AF_', abi.AF),
  ...prefixed('SO_', abi.SO),
  ...prefixed('POLL', abi.POLL),
  ...prefixed('EFD_', abi.EFD),
  ...prefixed('', abi.ERRNO),
  SOCK_DGRAM: abi.SOCK.DGRAM,
  SOCK_CLOEXEC: abi.SOCK.CLOEXEC,
  SOL_SOCKET: abi.SOL_SOCKET,
  SOL_UDP: abi.SOL_UDP,
  MSG_DONTWAIT: abi.MSG_DONTWAIT,
  UDP_SEGMENT: abi.UDP.SEGMENT,
  UDP_GRO: abi.UDP.GRO,
  TUNSETIFF: abi.TUNSETIFF,
  TUNSETOFFLOAD: abi.TUNSETOFFLOAD,
  TUN_F_CSUM: abi.TUN_F.CSUM,
  TUN_F_TSO4: abi.TUN_F.TSO4,
  TUN_F_TSO6: abi.TUN_F.TSO6,
  TUN_F_TSO_ECN: abi.TUN_F.TSO_ECN,
  IFF_TUN: abi.IFF.TUN,
  IFF_NO_PI: abi.IFF.NO_PI,
  IFF_VNET_HDR: abi.IFF.VNET_HDR,
  SIOCGIFMTU: abi.SIOC.GIFMTU,
  SIOCSIFMTU: abi.SIOC.SIFMTU,
  SIOCGIFFLAGS: abi.SIOC.GIFFLAGS,
  SIOCSIFFLAGS: abi.SIOC.SIFFLAGS,
  IPV6_V6ONLY: abi.IPV6.V6ONLY,
  IPV6_PKTINFO: abi.IPV6.PKTINFO,
  IPV6_RECVPKTINFO: abi.IPV6.RECVPKTINFO,
};

test('a C compiler with the headers of Linux says the same', (t) => {
  if (!requireOrSkip(t, { commands: ['gcc'], files: ['/usr/include/linux/if_tun.h'] })) return;
  const confirmed = confirm(
    {
      compiler: 'gcc',
      flags: ['-D_GNU_SOURCE'],
      includes: [
        'sys/socket.h',
        'sys/uio.h',
        'sys/eventfd.h',
        'netinet/in.h',
        'netinet/udp.h',
        'poll.h',
        'errno.h',
        'net/if.h',
        'sys/ioctl.h',
        'linux/if_tun.h',
        'linux/virtio_net.h',
        'stddef.h',
      ],
    },
    LAYOUTS,
    NUMBERS,
  );
  assert.ok(confirmed > 80, `${confirmed} assertions`);
});

/**
 * Windows' structures: as the SDK declares them, laid out by koffi, and as a C compiler for Windows knows them, against
 * the constants that the code uses.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import koffi from 'koffi';
import * as abi from '../../../../engine/os/ffi/abi.win32.ts';
import { requireOrSkip } from '../../../support/require.ts';
import { type CLayout, confirm } from './support/c-layout.ts';

const octets = (length: number): ReturnType<typeof koffi.array> => koffi.array('uint8', length);
const inet = koffi.struct({
  family: 'uint16',
  port: 'uint16',
  flowinfo: 'uint32',
  addr: octets(16),
  scope: 'uint32',
});
const prefix = koffi.struct({ Prefix: inet, PrefixLength: 'uint8' });
const luid = 'uint64';

const STRUCTS = {
  SOCKADDR_IN6: inet,
  SOCKADDR_INET: inet,
  SOCKADDR_IN: koffi.struct({ family: 'uint16', port: 'uint16', addr: 'uint32', zero: octets(8) }),
  WSABUF: koffi.struct({ len: 'uint32', buf: 'void *' }),
  WSAMSG: koffi.struct({
    name: 'void *',
    namelen: 'int',
    buffers: 'void *',
    count: 'uint32',
    // `Control` is a WSABUF and aligned as its pointer.
    pad: 'uint32',
    controllen: 'uint32',
    control: 'void *',
    flags: 'uint32',
  }),
  WSACMSGHDR: koffi.struct({ len: 'size_t', level: 'int', type: 'int' }),
  IN_PKTINFO: koffi.struct({ addr: 'uint32', ifindex: 'uint32' }),
  IN6_PKTINFO: koffi.struct({ addr: octets(16), ifindex: 'uint32' }),
  IP_ADDRESS_PREFIX: koffi.struct({ prefix: inet, length: 'uint8' }),
  MIB_UNICASTIPADDRESS_ROW: koffi.struct({
    address: inet,
    luid,
    index: 'uint32',
    prefixOrigin: 'int',
    suffixOrigin: 'int',
    validLifetime: 'uint32',
    preferredLifetime: 'uint32',
    onLinkPrefixLength: 'uint8',
    skipAsSource: 'uint8',
    dadState: 'int',
    scopeId: 'uint32',
    created: 'int64',
  }),
  MIB_IPFORWARD_ROW2: koffi.struct({
    luid,
    index: 'uint32',
    destination: prefix,
    nextHop: inet,
    sitePrefixLength: 'uint8',
    validLifetime: 'uint32',
    preferredLifetime: 'uint32',
    metric: 'uint32',
    protocol: 'int',
    loopback: 'uint8',
    autoconfigure: 'uint8',
    publish: 'uint8',
    immortal: 'uint8',
    age: 'uint32',
    origin: 'int',
  }),
  MIB_IPINTERFACE_ROW: koffi.struct({
    family: 'uint16',
    luid,
    index: 'uint32',
    maxReassembly: 'uint32',
    identifier: 'uint64',
    advertisementIntervals: koffi.array('uint32', 2),
    switches: octets(4),
    useAutomaticMetric: 'uint8',
    moreSwitches: octets(4),
    routerDiscovery: 'int',
    dadTransmits: 'uint32',
    times: koffi.array('uint32', 3),
    linkLocalBehaviour: 'int',
    linkLocalTimeout: 'uint32',
    zones: koffi.array('uint32', 16),
    sitePrefixLength: 'uint32',
    metric: 'uint32',
    mtu: 'uint32',
    connected: 'uint8',
    wakeUps: octets(3),
    reachableTime: 'uint32',
    offloads: octets(2),
    noDefaultRoutes: 'uint8',
  }),
  DNS_INTERFACE_SETTINGS: koffi.struct({
    version: 'uint32',
    flags: 'uint64',
    domain: 'void *',
    nameServer: 'void *',
    searchList: 'void *',
    registrationEnabled: 'uint32',
    registerAdapterName: 'uint32',
    enableLlmnr: 'uint32',
    queryAdapterName: 'uint32',
    profileNameServer: 'void *',
  }),
} as const;

const OFFSETS: Readonly<Record<keyof typeof STRUCTS, { readonly size: number }>> = {
  SOCKADDR_IN6: abi.SOCKADDR_IN6,
  SOCKADDR_INET: abi.SOCKADDR_INET,
  SOCKADDR_IN: abi.SOCKADDR_IN,
  WSABUF: abi.WSABUF,
  WSAMSG: abi.WSAMSG,
  WSACMSGHDR: abi.WSACMSGHDR,
  IN_PKTINFO: abi.IN_PKTINFO,
  IN6_PKTINFO: abi.IN6_PKTINFO,
  IP_ADDRESS_PREFIX: abi.IP_ADDRESS_PREFIX,
  MIB_UNICASTIPADDRESS_ROW: abi.MIB_UNICASTIPADDRESS_ROW,
  MIB_IPFORWARD_ROW2: abi.MIB_IPFORWARD_ROW2,
  MIB_IPINTERFACE_ROW: abi.MIB_IPINTERFACE_ROW,
  DNS_INTERFACE_SETTINGS: abi.DNS_INTERFACE_SETTINGS,
};

/** Where a field of ours is, inside koffi's structure: a union's members share its beginning. */
const WITHIN: Readonly<Record<string, string>> = {
  'SOCKADDR_INET addr4': 'flowinfo',
  'SOCKADDR_INET addr6': 'addr',
};

test('sizes and offsets are those of the published structures', () => {
  for (const [name, type] of Object.entries(STRUCTS)) {
    const { size, ...fields } = OFFSETS[name as keyof typeof STRUCTS];
    assert.equal(koffi.sizeof(type), size, `sizeof ${name}`);
    for (const [field, offset] of Object.entries(fields))
      assert.equal(koffi.offsetof(type, WITHIN[`${name} ${field}`] ?? field), offset, `${name}.${field}`);
  }
  assert.equal(koffi.sizeof('void *'), 8);
  // CRYPTOAPI_BLOB of crypt32.win32.ts.
  const blob = koffi.struct({ cbData: 'uint32', pbData: 'void *' });
  assert.deepEqual([koffi.sizeof(blob), koffi.offsetof(blob, 'pbData')], [16, 8]);
});

const names = (fields: Readonly<Record<string, string>>): Readonly<Record<string, string>> => fields;

/** mingw's headers have no DNS_INTERFACE_SETTINGS and no UDP_SEND_MSG_SIZE: these rest on the documentation alone. */
const LAYOUTS: readonly CLayout[] = [
  {
    type: 'struct sockaddr_in6',
    offsets: abi.SOCKADDR_IN6,
    fields: names({
      family: 'sin6_family',
      port: 'sin6_port',
      flowinfo: 'sin6_flowinfo',
      addr: 'sin6_addr',
      scope: 'sin6_scope_id',
    }),
  },
  {
    type: 'struct sockaddr_in',
    offsets: abi.SOCKADDR_IN,
    fields: names({ family: 'sin_family', port: 'sin_port', addr: 'sin_addr' }),
  },
  {
    type: 'WSAMSG',
    offsets: abi.WSAMSG,
    fields: names({
      name: 'name',
      namelen: 'namelen',
      buffers: 'lpBuffers',
      count: 'dwBufferCount',
      controllen: 'Control.len',
      control: 'Control.buf',
      flags: 'dwFlags',
    }),
  },
  { type: 'WSABUF', offsets: abi.WSABUF, fields: names({ len: 'len', buf: 'buf' }) },
  {
    type: 'WSACMSGHDR',
    offsets: abi.WSACMSGHDR,
    fields: names({ len: 'cmsg_len', level: 'cmsg_level', type: 'cmsg_type' }),
  },
  {
    type: 'IN_PKTINFO',
    offsets: abi.IN_PKTINFO,
    fields: names({ addr: 'ipi_addr', ifindex: 'ipi_ifindex' }),
  },
  {
    type: 'IN6_PKTINFO',
    offsets: abi.IN6_PKTINFO,
    fields: names({ addr: 'ipi6_addr', ifindex: 'ipi6_ifindex' }),
  },
  {
    type: 'SOCKADDR_INET',
    offsets: abi.SOCKADDR_INET,
    fields: names({ family: 'si_family', addr4: 'Ipv4.sin_addr', addr6: 'Ipv6.sin6_addr' }),
  },
  {
    type: 'IP_ADDRESS_PREFIX',
    offsets: abi.IP_ADDRESS_PREFIX,
    fields: names({ prefix: 'Prefix', length: 'PrefixLength' }),
  },
  {
    type: 'MIB_UNICASTIPADDRESS_ROW',
    offsets: abi.MIB_UNICASTIPADDRESS_ROW,
    fields: names({
      address: 'Address',
      luid: 'InterfaceLuid',
      index: 'InterfaceIndex',
      prefixOrigin: 'PrefixOrigin',
      suffixOrigin: 'SuffixOrigin',
      validLifetime: 'ValidLifetime',
      preferredLifetime: 'PreferredLifetime',
      onLinkPrefixLength: 'OnLinkPrefixLength',
      skipAsSource: 'SkipAsSource',
      dadState: 'DadState',
    }),
  },
  {
    type: 'MIB_IPFORWARD_ROW2',
    offsets: abi.MIB_IPFORWARD_ROW2,
    fields: names({
      luid: 'InterfaceLuid',
      index: 'InterfaceIndex',
      destination: 'DestinationPrefix',
      nextHop: 'NextHop',
      sitePrefixLength: 'SitePrefixLength',
      validLifetime: 'ValidLifetime',
      preferredLifetime: 'PreferredLifetime',
      metric: 'Metric',
      protocol: 'Protocol',
      loopback: 'Loopback',
      autoconfigure: 'AutoconfigureAddress',
      publish: 'Publish',
      immortal: 'Immortal',
      origin: 'Origin',
    }),
  },
  {
    type: 'MIB_IPINTERFACE_ROW',
    offsets: abi.MIB_IPINTERFACE_ROW,
    fields: names({
      family: 'Family',
      luid: 'InterfaceLuid',
      index: 'InterfaceIndex',
      useAutomaticMetric: 'UseAutomaticMetric',
      routerDiscovery: 'RouterDiscoveryBehavior',
      dadTransmits: 'DadTransmits',
      sitePrefixLength: 'SitePrefixLength',
      metric: 'Metric',
      mtu: 'NlMtu',
      connected: 'Connected',
    }),
  },
  ...['MIB_IPFORWARD_TABLE2', 'MIB_UNICASTIPADDRESS_TABLE', 'MIB_IPINTERFACE_TABLE'].map((type) => ({
    type,
    offsets: abi.MIB_TABLE,
    fields: names({ count: 'NumEntries', rows: 'Table' }),
  })),
  { type: 'GUID', offsets: { size: abi.GUID_SIZE }, fields: {} },
  { type: 'WSADATA', offsets: { size: abi.WSADATA_SIZE }, fields: {} },
  { type: 'SERVICE_STATUS', offsets: { size: abi.SERVICE_STATUS_SIZE }, fields: {} },
  { type: 'DATA_BLOB', offsets: { size: 16, pbData: 8 }, fields: { pbData: 'pbData' } },
];

const prefixed = (prefix: string, numbers: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(numbers).map(([name, value]) => [`${prefix}${name}`, value]));

const { OBJECT_ALREADY_EXISTS, SUCCESS, ...errors } = abi.ERROR;
const NUMBERS: Readonly<Record<string, number>> = {
  ...prefixed('ERROR_', errors),
  NO_ERROR: SUCCESS,
  ERROR_OBJECT_ALREADY_EXISTS: OBJECT_ALREADY_EXISTS,
  ...prefixed('WSAE', abi.WSAE),
  ...prefixed('AF_', abi.AF),
  ...prefixed('IPPROTO_', abi.IPPROTO),
  ...prefixed('IP_', abi.IP),
  ...prefixed('IPV6_', abi.IPV6),
  ...prefixed('SO_', abi.SO),
  'sizeof(NETIO_STATUS)': 4,
  WAIT_OBJECT_0: abi.WAIT.OBJECT_0,
  WAIT_TIMEOUT: abi.WAIT.TIMEOUT,
  WAIT_FAILED: abi.WAIT.FAILED,
  SOL_SOCKET: abi.SOL_SOCKET,
  FD_READ: abi.FD_READ,
  SOCK_DGRAM: abi.SOCK_DGRAM,
  WSA_FLAG_OVERLAPPED: abi.WSA_FLAG_OVERLAPPED,
  SIO_GET_EXTENSION_FUNCTION_POINTER: abi.SIO.GET_EXTENSION_FUNCTION_POINTER,
  SIO_UDP_CONNRESET: abi.SIO.UDP_CONNRESET,
  '_WSAIOW(IOC_VENDOR, 15)': abi.SIO.UDP_NETRESET,
  MIB_IPPROTO_NETMGMT: abi.PROTOCOL_NETMGMT,
  IpDadStatePreferred: abi.DAD_PREFERRED,
  RouterDiscoveryDisabled: abi.ROUTER_DISCOVERY_DISABLED,
  REG_SZ: abi.REG.SZ,
  REG_DWORD: abi.REG.DWORD,
  REG_MULTI_SZ: abi.REG.MULTI_SZ,
  REG_OPTION_VOLATILE: abi.REG_OPTION.VOLATILE,
  REG_OPTION_NON_VOLATILE: abi.REG_OPTION.NON_VOLATILE,
  KEY_READ: abi.KEY.READ,
  KEY_WRITE: abi.KEY.WRITE,
  DELETE: abi.KEY.DELETE,
  KEY_WOW64_64KEY: abi.KEY.WOW64_64KEY,
  '(ULONG_PTR)HKEY_LOCAL_MACHINE': abi.HKEY_LOCAL_MACHINE,
  SC_MANAGER_CONNECT: abi.SC_MANAGER_CONNECT,
  SERVICE_PAUSE_CONTINUE: abi.SERVICE_PAUSE_CONTINUE,
  SERVICE_CONTROL_PARAMCHANGE: abi.SERVICE_CONTROL_PARAMCHANGE,
};

/** As `notify.win32.ts` binds them, and as it may hand `SetEvent` to them. */
const NOTIFY = (row: string, callback: string): string =>
  `NETIO_STATUS (WINAPI *)(USHORT, VOID (WINAPI *)(PVOID, ${row} *, MIB_NOTIFICATION_TYPE), PVOID, UCHAR, HANDLE *), __typeof__(&${callback})`;
const PROTOTYPES: Readonly<Record<string, number>> = Object.fromEntries(
  [
    NOTIFY('MIB_IPINTERFACE_ROW', 'NotifyIpInterfaceChange'),
    NOTIFY('MIB_UNICASTIPADDRESS_ROW', 'NotifyUnicastIpAddressChange'),
    NOTIFY('MIB_IPFORWARD_ROW2', 'NotifyRouteChange2'),
    'NETIO_STATUS (WINAPI *)(HANDLE), __typeof__(&CancelMibChangeNotify2)',
    // Its only argument has the place of a callback's first.
    'WINBOOL (WINAPI *)(PVOID), __typeof__(&SetEvent)',
  ].map((types) => [`__builtin_types_compatible_p(${types})`, 1]),
);

test('a C compiler for Windows says the same', (t) => {
  const compiler = 'x86_64-w64-mingw32-gcc';
  if (!requireOrSkip(t, { commands: [compiler] })) return;
  const confirmed = confirm(
    {
      compiler,
      flags: ['-D_WIN32_WINNT=0x0A00'],
      includes: [
        'winsock2.h',
        'ws2tcpip.h',
        'mswsock.h',
        'windows.h',
        'winsvc.h',
        'netioapi.h',
        'wincrypt.h',
        'stddef.h',
      ],
    },
    LAYOUTS,
    { ...NUMBERS, ...PROTOTYPES },
  );
  assert.ok(confirmed > 130, `${confirmed} assertions`);
});

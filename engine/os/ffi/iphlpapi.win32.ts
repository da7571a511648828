/**
 * The IP helper (iphlpapi.dll, netioapi.h) through koffi. Rows are memory laid out by `abi.win32.ts`; results are error
 * numbers, 0 for success.
 */
import koffi from 'koffi';
import { GUID_SIZE, MIB_TABLE, SOCKADDR_INET } from './abi.win32.ts';
import { type Address, addressOf, fixedMemory } from './memory.ts';
import { wideText } from './wide.win32.ts';

export interface IpHelper {
  /** NET_LUID of the interface with this alias, `undefined` when there is none. */
  luidOf(alias: string): Uint8Array | undefined;
  /** GUID of an interface by its NET_LUID. */
  guidOf(luid: Uint8Array): Uint8Array | undefined;
  createAddress(row: Uint8Array): number;
  deleteAddress(row: Uint8Array): number;
  createRoute(row: Uint8Array): number;
  deleteRoute(row: Uint8Array): number;
  /** Fills a MIB_IPINTERFACE_ROW whose family and LUID are set. */
  getInterface(row: Uint8Array): number;
  setInterface(row: Uint8Array): number;
  /** Rows of a table, each copied; family 0 is both. @throws Error with the number when the system refuses */
  addresses(family: number, rowSize: number): readonly Uint8Array[];
  routes(family: number, rowSize: number): readonly Uint8Array[];
  interfaces(family: number, rowSize: number): readonly Uint8Array[];
  /** The best route to a destination (SOCKADDR_INET) and the source for it; `undefined` when there is none. */
  bestRoute(destination: Uint8Array, rowSize: number): BestRoute | undefined;
  /** DNS_INTERFACE_SETTINGS at an address, for the interface of this GUID; `undefined` before Windows 10 2004. */
  readonly setDns: ((guid: Uint8Array, settings: Uint8Array) => number) | undefined;
}

export interface BestRoute {
  /** MIB_IPFORWARD_ROW2 */
  readonly row: Uint8Array;
  /** SOCKADDR_INET */
  readonly source: Uint8Array;
}

type Table = (family: number, tableAt: Address) => number;

/** Rows of any table at most; the largest routing tables have far fewer on an end system. */
const MOST_ROWS = 65_536;

let loaded: IpHelper | undefined;

/** @throws koffi's own error where the library or one of its functions is not there */
export function loadIpHelper(): IpHelper {
  loaded ??= bindAll();
  return loaded;
}

function bindAll(): IpHelper {
  const lib = koffi.load('iphlpapi.dll');
  const bind = (name: string, result: string, ...parameters: string[]): ReturnType<typeof lib.func> =>
    lib.func('__stdcall', name, result, parameters);
  const onRow = (name: string): ((row: Uint8Array) => number) => {
    const call = bind(name, 'uint32', 'uintptr_t');
    return (row) => call(addressOf(row));
  };
  const free = bind('FreeMibTable', 'void', 'uintptr_t');
  const table = (name: string): ((family: number, rowSize: number) => readonly Uint8Array[]) => {
    const call: Table = bind(name, 'uint32', 'uint16', 'uintptr_t');
    return (family, rowSize) => readTable(call, free, name, family, rowSize);
  };
  const luidOfAlias = bind('ConvertInterfaceAliasToLuid', 'uint32', 'uintptr_t', 'uintptr_t');
  const guidOfLuid = bind('ConvertInterfaceLuidToGuid', 'uint32', 'uintptr_t', 'uintptr_t');
  const best = bind(
    'GetBestRoute2',
    'uint32',
    'uintptr_t',
    'uint32',
    'uintptr_t',
    'uintptr_t',
    'uint32',
    'uintptr_t',
    'uintptr_t',
  );
  return {
    luidOf: (alias) => {
      const [name, luid] = [wideText(alias), fixedMemory(8)];
      return luidOfAlias(addressOf(name), addressOf(luid)) === 0 ? luid : undefined;
    },
    guidOf: (luid) => {
      const [from, guid] = [Uint8Array.from(luid), fixedMemory(GUID_SIZE)];
      return guidOfLuid(addressOf(from), addressOf(guid)) === 0 ? guid : undefined;
    },
    createAddress: onRow('CreateUnicastIpAddressEntry'),
    deleteAddress: onRow('DeleteUnicastIpAddressEntry'),
    createRoute: onRow('CreateIpForwardEntry2'),
    deleteRoute: onRow('DeleteIpForwardEntry2'),
    getInterface: onRow('GetIpInterfaceEntry'),
    setInterface: onRow('SetIpInterfaceEntry'),
    addresses: table('GetUnicastIpAddressTable'),
    routes: table('GetIpForwardTable2'),
    interfaces: table('GetIpInterfaceTable'),
    bestRoute: (destination, rowSize) => {
      const [to, row, source] = [
        Uint8Array.from(destination),
        fixedMemory(rowSize),
        fixedMemory(SOCKADDR_INET.size),
      ];
      const found = best(0, 0, 0, addressOf(to), 0, addressOf(row), addressOf(source));
      return found === 0 ? { row, source } : undefined;
    },
    setDns: bindDns(lib),
  };
}

function bindDns(lib: ReturnType<typeof koffi.load>): IpHelper['setDns'] {
  const guidType = koffi.struct({ octets: koffi.array('uint8', GUID_SIZE) });
  try {
    // The GUID is passed by value: on x64 that is by reference to a copy, which koffi makes of a structure.
    const call = lib.func('__stdcall', 'SetInterfaceDnsSettings', 'uint32', [guidType, 'uintptr_t']);
    return (guid, settings) => call({ octets: guid }, addressOf(settings));
  } catch {
    return undefined;
  }
}

function readTable(
  call: Table,
  free: (at: Address) => void,
  name: string,
  family: number,
  rowSize: number,
): readonly Uint8Array[] {
  const pointer = new BigUint64Array(fixedMemory(8).buffer);
  const failed = call(family, Number(koffi.address(pointer)));
  if (failed !== 0) throw new Error(`${name}: error ${failed}`);
  const at = Number(pointer[0]);
  try {
    const count = koffi.decode(at, 'uint32') as number;
    if (count > MOST_ROWS) throw new Error(`${name}: ${count} rows`);
    if (count === 0) return [];
    const octets = koffi.decode(at + MIB_TABLE.rows, koffi.array('uint8', count * rowSize)) as Uint8Array;
    return Array.from({ length: count }, (_, i) =>
      Uint8Array.from(octets.subarray(i * rowSize, (i + 1) * rowSize)),
    );
  } finally {
    free(at);
  }
}

/** The IP helper of a small Windows machine in memory: rows as octets, with the refusals of the real one. */
import {
  ERROR,
  IP_ADDRESS_PREFIX,
  MIB_IPFORWARD_ROW2,
  MIB_IPINTERFACE_ROW,
  MIB_UNICASTIPADDRESS_ROW,
} from '../../../../../engine/os/ffi/abi.win32.ts';
import type { IpHelper } from '../../../../../engine/os/ffi/iphlpapi.win32.ts';

export interface FakeHelper extends IpHelper {
  readonly addressRows: Uint8Array[];
  readonly routeRows: Uint8Array[];
  readonly interfaceRows: Uint8Array[];
  /** GUID and settings of each call. */
  readonly dnsCalls: { readonly guid: Uint8Array; readonly settings: Uint8Array }[];
  /** The next call of that kind fails with this number. */
  failNext: { readonly call: 'address' | 'route' | 'interface' | 'dns'; readonly error: number } | undefined;
}

export const luidOfIndex = (index: number): Uint8Array => Uint8Array.of(0, 0, 0, index, 0, 0, 6, 0);

/** Interfaces by name; each has both families, MTU 1500, an own metric of 25. */
export function fakeHelper(interfaces: Readonly<Record<string, number>>): FakeHelper {
  const take = (call: 'address' | 'route' | 'interface' | 'dns'): number => {
    if (helper.failNext?.call !== call) return 0;
    const { error } = helper.failNext;
    helper.failNext = undefined;
    return error;
  };
  const same = (a: Uint8Array, b: Uint8Array, from: number, to: number): boolean =>
    Buffer.compare(a.subarray(from, to), b.subarray(from, to)) === 0;
  const { destination, nextHop } = MIB_IPFORWARD_ROW2;
  /** A route is known by its interface, destination and next hop. */
  const sameRoute = (a: Uint8Array, b: Uint8Array): boolean =>
    same(a, b, 0, 8) &&
    same(a, b, destination, destination + IP_ADDRESS_PREFIX.length + 1) &&
    same(a, b, nextHop, nextHop + 28);
  const sameAddress = (a: Uint8Array, b: Uint8Array): boolean => same(a, b, 0, 28) && same(a, b, 32, 40);
  const sameInterface = (a: Uint8Array, b: Uint8Array): boolean => same(a, b, 0, 2) && same(a, b, 8, 16);
  const create =
    (rows: Uint8Array[], kind: 'address' | 'route', equal: (a: Uint8Array, b: Uint8Array) => boolean) =>
    (row: Uint8Array): number => {
      const failed = take(kind);
      if (failed !== 0) return failed;
      if (rows.some((each) => equal(each, row))) return ERROR.OBJECT_ALREADY_EXISTS;
      rows.push(Uint8Array.from(row));
      return 0;
    };
  const remove =
    (rows: Uint8Array[], equal: (a: Uint8Array, b: Uint8Array) => boolean) =>
    (row: Uint8Array): number => {
      const at = rows.findIndex((each) => equal(each, row));
      if (at < 0) return ERROR.NOT_FOUND;
      rows.splice(at, 1);
      return 0;
    };
  const interfaceRows = Object.values(interfaces).flatMap((index) =>
    [2, 23].map((family) => {
      const row = new Uint8Array(MIB_IPINTERFACE_ROW.size);
      const view = new DataView(row.buffer);
      view.setUint16(MIB_IPINTERFACE_ROW.family, family, true);
      row.set(luidOfIndex(index), MIB_IPINTERFACE_ROW.luid);
      row[MIB_IPINTERFACE_ROW.useAutomaticMetric] = 1;
      view.setUint32(MIB_IPINTERFACE_ROW.metric, 25, true);
      view.setUint32(MIB_IPINTERFACE_ROW.mtu, 1500, true);
      view.setUint32(MIB_IPINTERFACE_ROW.sitePrefixLength, 64, true);
      row[MIB_IPINTERFACE_ROW.connected] = 1;
      return row;
    }),
  );
  const addressRows: Uint8Array[] = [];
  const routeRows: Uint8Array[] = [];
  const helper: FakeHelper = {
    addressRows,
    routeRows,
    interfaceRows,
    dnsCalls: [],
    failNext: undefined,
    luidOf: (alias) => (interfaces[alias] === undefined ? undefined : luidOfIndex(interfaces[alias])),
    guidOf: (luid) => Uint8Array.of(...luid, ...luid),
    createAddress: create(addressRows, 'address', sameAddress),
    deleteAddress: remove(addressRows, sameAddress),
    createRoute: create(routeRows, 'route', sameRoute),
    deleteRoute: remove(routeRows, sameRoute),
    getInterface: (row) => {
      const found = interfaceRows.find((each) => sameInterface(each, row));
      if (!found) return ERROR.NOT_FOUND;
      row.set(found);
      return 0;
    },
    setInterface: (row) => {
      const failed = take('interface');
      if (failed !== 0) return failed;
      // As Windows: what it says of an interface's site prefix it does not take back.
      if (new DataView(row.buffer).getUint32(MIB_IPINTERFACE_ROW.sitePrefixLength, true) !== 0) return 87;
      interfaceRows.find((each) => sameInterface(each, row))?.set(row);
      return 0;
    },
    addresses: (_family, rowSize) => sized(addressRows, rowSize, MIB_UNICASTIPADDRESS_ROW.size),
    routes: (_family, rowSize) => sized(routeRows, rowSize, MIB_IPFORWARD_ROW2.size),
    interfaces: (_family, rowSize) => sized(interfaceRows, rowSize, MIB_IPINTERFACE_ROW.size),
    bestRoute: () => undefined,
    setDns: (guid, settings) => {
      const failed = take('dns');
      if (failed !== 0) return failed;
      helper.dnsCalls.push({ guid: Uint8Array.from(guid), settings: Uint8Array.from(settings) });
      return 0;
    },
  };
  return helper;
}

function sized(rows: readonly Uint8Array[], asked: number, size: number): readonly Uint8Array[] {
  if (asked !== size) throw new Error(`rows of ${size} octets asked for with ${asked}`);
  return rows.map((row) => Uint8Array.from(row));
}

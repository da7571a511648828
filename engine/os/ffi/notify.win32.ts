/**
 * Change notifications of the IP helper (iphlpapi.dll, netioapi.h) through koffi.
 *
 * The system calls back on threads of its own, and to cancel waits until no call is under way: a callback in JavaScript,
 * for which such a thread has to wait for ours, would be waited for by ours in turn. So the callback is kernel32's own
 * `SetEvent`, and its context the event: of the arguments `(context, row, type)` it takes the first and leaves the
 * others in their registers, on x64 and on arm64. What has changed is not told; who waits for the event looks.
 */
import koffi from 'koffi';
import { AF } from './abi.win32.ts';
import type { Handle } from './kernel32.win32.ts';
import { type Address, addressOf, fixedMemory } from './memory.ts';

export type ChangeKind = 'interface' | 'address' | 'route';

export interface ChangeNotices {
  /** Sets the event at each change from now on, of both families. @throws Error with the number when the system refuses */
  register(what: ChangeKind, event: Handle): Handle;
  /** No event is set any more once this has returned. Gives back 0 or an error number. */
  cancel(registration: Handle): number;
}

const FUNCTIONS: Readonly<Record<ChangeKind, string>> = {
  interface: 'NotifyIpInterfaceChange',
  address: 'NotifyUnicastIpAddressChange',
  route: 'NotifyRouteChange2',
};

let loaded: ChangeNotices | undefined;

/** @throws Error where the library or one of its functions is not there */
export function loadChangeNotices(): ChangeNotices {
  loaded ??= bindAll();
  return loaded;
}

function bindAll(): ChangeNotices {
  const lib = koffi.load('iphlpapi.dll');
  const callback = setEventAddress();
  const bind = (name: string): ReturnType<typeof lib.func> =>
    lib.func('__stdcall', name, 'uint32', ['uint16', 'uintptr_t', 'uintptr_t', 'uint8', 'uintptr_t']);
  const calls = {
    interface: bind(FUNCTIONS.interface),
    address: bind(FUNCTIONS.address),
    route: bind(FUNCTIONS.route),
  };
  return {
    register: (what, event) => {
      const handle = new BigUint64Array(fixedMemory(8).buffer);
      const failed: number = calls[what](
        AF.UNSPEC,
        callback,
        event,
        0,
        addressOf(new Uint8Array(handle.buffer)),
      );
      if (failed !== 0) throw new Error(`${FUNCTIONS[what]}: error ${failed}`);
      return Number(handle[0]);
    },
    cancel: lib.func('__stdcall', 'CancelMibChangeNotify2', 'uint32', ['uintptr_t']),
  };
}

/** As the system's loader gives it, so that control flow guard knows it for the target of a call. */
function setEventAddress(): Address {
  const lib = koffi.load('kernel32.dll');
  const moduleOf = lib.func('__stdcall', 'GetModuleHandleA', 'uintptr_t', ['str']);
  const procedureOf = lib.func('__stdcall', 'GetProcAddress', 'uintptr_t', ['uintptr_t', 'str']);
  const address: Address = procedureOf(moduleOf('kernel32.dll'), 'SetEvent');
  if (address === 0) throw new Error('GetProcAddress: no SetEvent');
  return address;
}

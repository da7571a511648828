/**
 * wintun.dll (wintun.net, API of 0.14) through koffi: adapters, and sessions whose two rings are shared with the driver.
 * Handles and addresses are plain numbers. `WintunReceivePacket` and `WintunSendPacket` may be called from any thread;
 * packets are released and sent in the order in which they were received and allocated.
 */
import { isAbsolute } from 'node:path';
import koffi from 'koffi';
import type { Handle } from './kernel32.win32.ts';
import { type Address, addressOf, fixedMemory } from './memory.ts';
import { wideText } from './wide.win32.ts';

/** WINTUN_MAX_IP_PACKET_SIZE */
export const WINTUN_LARGEST_PACKET = 0xffff;
/** Octets of each ring; a power of two from 128 KiB to 64 MiB. */
export const WINTUN_RING_CAPACITY = 0x40_0000;

export interface Wintun {
  /** 0 on failure. A GUID of sixteen octets keeps what Windows remembers of the network to one place. */
  createAdapter(name: string, type: string, guid: Uint8Array): Handle;
  /** 0 when there is none of that name. */
  openAdapter(name: string): Handle;
  /** Removes an adapter that was created by this handle. */
  closeAdapter(adapter: Handle): void;
  /** NET_LUID as eight octets. */
  luidOf(adapter: Handle): Uint8Array;
  /** 0 on failure. */
  startSession(adapter: Handle, capacity: number): Handle;
  endSession(session: Handle): void;
  /** Set while there is something to receive; belongs to the session. */
  readWaitEvent(session: Handle): Handle;
  /** Address of the next packet, whose length is written to `lengthAt`; 0 when there is none. */
  receive(session: Handle, lengthAt: Address): Address;
  release(session: Handle, packet: Address): void;
  /** Room for a packet, 0 when the ring is full. */
  allocate(session: Handle, length: number): Address;
  send(session: Handle, packet: Address): void;
  /** Major version in the upper sixteen bits; 0 while the driver is not loaded. */
  driverVersion(): number;
}

const loaded = new Map<string, Wintun | undefined>();

/** The library of that path, or `undefined` when it is not there. @throws RangeError for a relative path */
export function loadWintun(path: string): Wintun | undefined {
  // A bare name would be searched for in folders that others may write to.
  if (!isAbsolute(path)) throw new RangeError(`not an absolute path: ${path}`);
  if (!loaded.has(path)) loaded.set(path, link(path));
  return loaded.get(path);
}

function link(path: string): Wintun | undefined {
  try {
    const lib = koffi.load(path);
    const bind = (name: string, result: string, ...parameters: string[]): ReturnType<typeof lib.func> =>
      lib.func('__stdcall', name, result, parameters);
    const create = bind('WintunCreateAdapter', 'uintptr_t', 'uintptr_t', 'uintptr_t', 'uintptr_t');
    const open = bind('WintunOpenAdapter', 'uintptr_t', 'uintptr_t');
    const getLuid = bind('WintunGetAdapterLUID', 'void', 'uintptr_t', 'uintptr_t');
    return {
      createAdapter: (name, type, guid) => {
        const [names, types, own] = [wideText(name), wideText(type), fixedMemory(guid.length)];
        own.set(guid);
        return create(addressOf(names), addressOf(types), addressOf(own));
      },
      openAdapter: (name) => {
        const names = wideText(name);
        return open(addressOf(names));
      },
      closeAdapter: bind('WintunCloseAdapter', 'void', 'uintptr_t'),
      luidOf: (adapter) => {
        const luid = fixedMemory(8);
        getLuid(adapter, addressOf(luid));
        return luid;
      },
      startSession: bind('WintunStartSession', 'uintptr_t', 'uintptr_t', 'uint32'),
      endSession: bind('WintunEndSession', 'void', 'uintptr_t'),
      readWaitEvent: bind('WintunGetReadWaitEvent', 'uintptr_t', 'uintptr_t'),
      receive: bind('WintunReceivePacket', 'uintptr_t', 'uintptr_t', 'uintptr_t'),
      release: bind('WintunReleaseReceivePacket', 'void', 'uintptr_t', 'uintptr_t'),
      allocate: bind('WintunAllocateSendPacket', 'uintptr_t', 'uintptr_t', 'uint32'),
      send: bind('WintunSendPacket', 'void', 'uintptr_t', 'uintptr_t'),
      driverVersion: bind('WintunGetRunningDriverVersion', 'uint32'),
    };
  } catch {
    return undefined;
  }
}

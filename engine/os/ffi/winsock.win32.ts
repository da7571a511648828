/** Winsock 2 (ws2_32.dll) through koffi. Sockets and addresses are plain numbers. */
import koffi from 'koffi';
import { SIO, WSADATA_SIZE } from './abi.win32.ts';
import type { Handle } from './kernel32.win32.ts';
import { type Address, addressOf, fixedMemory } from './memory.ts';

export const NO_SOCKET = -1;
/** {f689d7c8-6f1f-436b-8a53-e54fe351c322} of mswsock.h, as its octets lie in memory. */
const WSAID_WSARECVMSG = Uint8Array.of(
  ...[0xc8, 0xd7, 0x89, 0xf6, 0x1f, 0x6f, 0x6b, 0x43],
  ...[0x8a, 0x53, 0xe5, 0x4f, 0xe3, 0x51, 0xc3, 0x22],
);

/** `WSARecvMsg`, which has no export; octets received go to `receivedAt`. */
export type ReceiveMessage = (
  socket: Handle,
  message: Address,
  receivedAt: Address,
  overlapped: Address,
  completion: Address,
) => number;

export interface Winsock {
  /** Of the last call of this thread; asked for at once after it. */
  lastError(): number;
  /** NO_SOCKET on failure. */
  socket(family: number, type: number, protocol: number, flags: number): Handle;
  close(socket: Handle): number;
  bind(socket: Handle, at: Address, length: number): number;
  connect(socket: Handle, at: Address, length: number): number;
  getsockname(socket: Handle, at: Address, lengthAt: Address): number;
  setsockopt(socket: Handle, level: number, name: number, at: Address, length: number): number;
  getsockopt(socket: Handle, level: number, name: number, at: Address, lengthAt: Address): number;
  sendto(socket: Handle, at: Address, length: number, flags: number, to: Address, toLength: number): number;
  sendMessage(
    socket: Handle,
    message: Address,
    flags: number,
    sentAt: Address,
    overlapped: Address,
    completion: Address,
  ): number;
  /** An integer at `inAt`; nothing is given back. */
  control(socket: Handle, code: number, inAt: Address, length: number): number;
  /** Sets `event` on `events`, and makes the socket non-blocking. */
  selectEvents(socket: Handle, event: Handle, events: number): number;
  /** Asked of the socket's provider; `undefined` when it has none. */
  receiveMessage(socket: Handle): ReceiveMessage | undefined;
}

let loaded: Winsock | undefined;

/** The bindings, or `undefined` where Winsock cannot be started. One start a thread, undone with the process. */
export function loadWinsock(): Winsock | undefined {
  if (loaded) return loaded;
  try {
    loaded = bindAll();
  } catch {
    return undefined;
  }
  return loaded;
}

function bindAll(): Winsock | undefined {
  const lib = koffi.load('ws2_32.dll');
  const bind = (name: string, result: string, ...parameters: string[]): ReturnType<typeof lib.func> =>
    lib.func('__stdcall', name, result, parameters);
  const data = fixedMemory(WSADATA_SIZE);
  if (bind('WSAStartup', 'int', 'uint16', 'uintptr_t')(0x0202, addressOf(data)) !== 0) return undefined;
  const open = bind('WSASocketW', 'intptr_t', 'int', 'int', 'int', 'uintptr_t', 'uint32', 'uint32');
  const ioctl = bind(
    'WSAIoctl',
    'int',
    'intptr_t',
    'uint32',
    'uintptr_t',
    'uint32',
    'uintptr_t',
    'uint32',
    'uintptr_t',
    'uintptr_t',
    'uintptr_t',
  );
  const words = fixedMemory(16);
  const wordsAt = addressOf(words);
  const receivePrototype = koffi.proto('__stdcall', 'CulvertReceiveMessage', 'int', [
    'intptr_t',
    'uintptr_t',
    'uintptr_t',
    'uintptr_t',
    'uintptr_t',
  ]);
  return {
    lastError: bind('WSAGetLastError', 'int'),
    socket: (family, type, protocol, flags) => open(family, type, protocol, 0, 0, flags),
    close: bind('closesocket', 'int', 'intptr_t'),
    bind: bind('bind', 'int', 'intptr_t', 'uintptr_t', 'int'),
    connect: bind('connect', 'int', 'intptr_t', 'uintptr_t', 'int'),
    getsockname: bind('getsockname', 'int', 'intptr_t', 'uintptr_t', 'uintptr_t'),
    setsockopt: bind('setsockopt', 'int', 'intptr_t', 'int', 'int', 'uintptr_t', 'int'),
    getsockopt: bind('getsockopt', 'int', 'intptr_t', 'int', 'int', 'uintptr_t', 'uintptr_t'),
    sendto: bind('sendto', 'int', 'intptr_t', 'uintptr_t', 'int', 'int', 'uintptr_t', 'int'),
    sendMessage: bind(
      'WSASendMsg',
      'int',
      'intptr_t',
      'uintptr_t',
      'uint32',
      'uintptr_t',
      'uintptr_t',
      'uintptr_t',
    ),
    control: (socket, code, inAt, length) => ioctl(socket, code, inAt, length, 0, 0, wordsAt, 0, 0),
    selectEvents: bind('WSAEventSelect', 'int', 'intptr_t', 'uintptr_t', 'int32'),
    receiveMessage: (socket) => {
      const guid = fixedMemory(16);
      guid.set(WSAID_WSARECVMSG);
      const found = ioctl(
        socket,
        SIO.GET_EXTENSION_FUNCTION_POINTER,
        addressOf(guid),
        guid.length,
        wordsAt,
        8,
        wordsAt + 8,
        0,
        0,
      );
      const pointer = new DataView(words.buffer).getBigUint64(0, true);
      if (found !== 0 || pointer === 0n) return undefined;
      return koffi.decode(pointer, receivePrototype) as ReceiveMessage;
    },
  };
}

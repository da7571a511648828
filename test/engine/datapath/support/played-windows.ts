/** Windows, played: see `played-system.ts`. */
import { type Marks, markBits } from '../../../../engine/base/marks.ts';
import type { WindowsCalls } from '../../../../engine/datapath/windows/calls.ts';
import {
  WINDOWS_INBOUND_MEMORY,
  WindowsInboundLoop,
} from '../../../../engine/datapath/windows/inbound-loop.ts';
import {
  WINDOWS_OUTBOUND_MEMORY,
  WindowsOutboundLoop,
} from '../../../../engine/datapath/windows/outbound-loop.ts';
import { addressOf, fixedMemory } from '../../../../engine/os/ffi/memory.ts';
import {
  type ControlForm,
  fieldsAt,
  int,
  octetsAt,
  pointerIn,
  put,
  readMessages,
  writeMessages,
} from './played-memory.ts';
import {
  arrived,
  cut,
  type Datagram,
  IPPROTO_IP,
  IPPROTO_IPV6,
  inboundPump,
  inPieces,
  isFour,
  joinedOctets,
  loopParts,
  memoryFor,
  newCounters,
  onlyValue,
  outboundPump,
  type PlayedSystem,
  refuse,
  SOL_UDP,
  sockaddrOf,
  TUN,
  UDP,
  WAKE,
} from './played-system.ts';

/** As on Linux: a length of eight octets, multiples of eight. */
const FORM: ControlForm = { width: 8, align: 8 };

/** Windows whose sockets take and tell so much, with segments and coalescing. */
export function windowsSystem(says: Marks, tells: Marks): PlayedSystem {
  const kernel = {
    waitForAny: () => 1,
    createEvent: () => 1,
    closeHandle: () => 1,
    copy: (to: number, from: number, length: number) => put(to, octetsAt(from, length)),
  };
  const wintun = {
    receive: () => 0,
    release: () => undefined,
    allocate: () => 0,
    send: () => undefined,
    readWaitEvent: () => 2,
  };
  const winsock = {
    lastError: () => 10035,
    sendMessage: refuse('sending'),
    sendto: refuse('sending plainly'),
    selectEvents: () => 0,
    receiveMessage: () => undefined,
  };
  return {
    encapsulate: (packets, pair, remote) => {
      const sent: Datagram[] = [];
      const four = isFour(remote);
      const level = four ? IPPROTO_IP : IPPROTO_IPV6;
      const mark = says === 'class' ? ([level, four ? 3 : 39] as const) : ([level, 50] as const);
      const waiting = [...packets];
      let held: Uint8Array | undefined;
      const calls: WindowsCalls = {
        kernel,
        wintun: {
          ...wintun,
          receive: (_session, lengthAt) => {
            const packet = waiting.shift();
            if (!packet) return 0;
            held = fixedMemory(packet.length);
            held.set(packet);
            put(lengthAt, int(packet.length));
            return addressOf(held);
          },
        },
        winsock: {
          ...winsock,
          sendMessage: (_socket, message) => {
            const fields = fieldsAt(message, 56);
            const buffer = fieldsAt(pointerIn(fields, 16), 16);
            const octets = octetsAt(pointerIn(buffer, 8), buffer.getUint32(0, true));
            const control = octetsAt(pointerIn(fields, 40), fields.getUint32(32, true));
            const messages = readMessages(control, FORM);
            const trafficClass = onlyValue(messages, [mark]) ?? 0;
            // Nobody may send it.
            if ((trafficClass & 3) === 3 || (trafficClass & ~markBits(says)) !== 0) return -1;
            sent.push(...cut(octets, onlyValue(messages, [[SOL_UDP, 2]]) ?? 0, trafficClass));
            return 0;
          },
        },
      };
      new WindowsOutboundLoop({
        ...loopParts(),
        calls,
        pump: outboundPump(pair, remote, says),
        memory: memoryFor('out windows', WINDOWS_OUTBOUND_MEMORY),
        session: TUN,
        socket: UDP,
        wake: WAKE,
        segments: true,
        says,
      }).run();
      return sent;
    },
    decapsulate: (datagrams, pair, remote) => {
      const counters = newCounters();
      const taken: Uint8Array[] = [];
      const pieces = inPieces(datagrams);
      const rooms: Uint8Array[] = [];
      const four = isFour(remote);
      const level = four ? IPPROTO_IP : IPPROTO_IPV6;
      const calls: WindowsCalls = {
        kernel,
        wintun: {
          ...wintun,
          allocate: (_session, length) => {
            const room = fixedMemory(length);
            rooms.push(room);
            return addressOf(room);
          },
          send: () => {
            taken.push(Uint8Array.from(rooms.at(-1) ?? []));
          },
        },
        winsock: {
          ...winsock,
          receiveMessage: () => (_socket, message, receivedAt) => {
            const piece = pieces.shift();
            if (!piece) return -1;
            const fields = fieldsAt(message, 56);
            const octets = joinedOctets(piece);
            put(pointerIn(fieldsAt(pointerIn(fields, 16), 16), 8), octets);
            put(pointerIn(fields, 0), sockaddrOf(remote));
            const ecn = (piece[0]?.trafficClass ?? 0) & 3;
            const control = writeMessages(
              [
                { level, type: 19, data: new Uint8Array(four ? 8 : 20) },
                ...(tells === 'none' ? [] : [{ level, type: 50, data: int(ecn) }]),
                ...(piece.length > 1
                  ? [{ level: SOL_UDP, type: 3, data: int(piece[0]?.octets.length ?? 0) }]
                  : []),
              ],
              FORM,
            );
            put(pointerIn(fields, 40), control);
            put(message + 32, int(control.length));
            put(receivedAt, int(octets.length));
            return 0;
          },
        },
      };
      const pump = inboundPump(pair, remote, tells, counters);
      const memory = memoryFor('in windows', WINDOWS_INBOUND_MEMORY);
      while (pieces.length > 0)
        new WindowsInboundLoop({
          ...loopParts(),
          calls,
          pump,
          memory,
          session: TUN,
          socket: UDP,
          wake: WAKE,
          localPort: 4500,
        }).run();
      return arrived(taken, counters);
    },
  };
}

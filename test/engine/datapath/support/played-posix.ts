/** Linux and Darwin, played: see `played-system.ts`. */
import { InboundLoop, inboundMemory } from '../../../../engine/datapath/inbound-loop.ts';
import { OUTBOUND_MEMORY, OutboundLoop } from '../../../../engine/datapath/outbound-loop.ts';
import type { DarwinLibc } from '../../../../engine/os/ffi/libc.darwin.ts';
import type { LinuxLibc } from '../../../../engine/os/ffi/libc.linux.ts';
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
  SOL_UDP,
  sockaddrOf,
  TUN,
  UDP,
  WAKE,
} from './played-system.ts';

const LINUX: ControlForm = { width: 8, align: 8 };
const DARWIN: ControlForm = { width: 4, align: 4 };

/** Those that a POSIX system plays alike: `poll` says that there is something, and a tun gives and takes packets. */
function posix(packets: readonly Uint8Array[], header: number, taken: Uint8Array[]) {
  const waiting = [...packets];
  return {
    errno: () => 11,
    poll: (at: number) => {
      put(at + 8 + 6, Uint8Array.of(1, 0));
      return 1;
    },
    read: (fd: number, at: number) => {
      if (fd !== TUN) throw new Error('only the tun is read');
      const packet = waiting.shift();
      if (!packet) return -1;
      put(at + header, packet);
      return header + packet.length;
    },
    write: (fd: number, at: number, length: number) => {
      if (fd !== TUN) throw new Error('only the tun is written');
      taken.push(octetsAt(at + header, length - header));
      return length;
    },
  };
}

/** Linux with UDP_SEGMENT and UDP_GRO. */
export function linuxSystem(): PlayedSystem {
  return {
    encapsulate: (packets, pair, remote) => {
      const sent: Datagram[] = [];
      const mark = isFour(remote) ? ([IPPROTO_IP, 1] as const) : ([IPPROTO_IPV6, 67] as const);
      const libc = {
        ...posix(packets, 0, []),
        sendmmsg: (fd: number, at: number, count: number) => {
          if (fd !== UDP) throw new Error('only the socket is sent to');
          for (let i = 0; i < count; i++) {
            const fields = fieldsAt(at + i * 64, 64);
            const vector = fieldsAt(pointerIn(fields, 16), 16);
            const octets = octetsAt(pointerIn(vector, 0), pointerIn(vector, 8));
            const control = octetsAt(pointerIn(fields, 32), fields.getUint32(40, true));
            const messages = readMessages(control, LINUX);
            sent.push(
              ...cut(octets, onlyValue(messages, [[SOL_UDP, 103]]) ?? 0, onlyValue(messages, [mark]) ?? 0),
            );
          }
          return count;
        },
      };
      new OutboundLoop({
        ...loopParts(),
        libc: libc as unknown as LinuxLibc,
        pump: outboundPump(pair, remote, 'class'),
        memory: memoryFor('out', OUTBOUND_MEMORY),
        tunFd: TUN,
        header: 'none',
        udpFd: UDP,
        segments: true,
        says: 'class',
        wakeFd: WAKE,
      }).run();
      return sent;
    },
    decapsulate: (datagrams, pair, remote) => {
      const counters = newCounters();
      const taken: Uint8Array[] = [];
      let pieces = inPieces(datagrams);
      const libc = {
        ...posix([], 0, taken),
        recvmmsg: (_fd: number, at: number, slots: number) => {
          const now = pieces.slice(0, slots);
          pieces = pieces.slice(slots);
          for (const [i, piece] of now.entries()) {
            const header = at + i * 64;
            const fields = fieldsAt(header, 64);
            const octets = joinedOctets(piece);
            put(pointerIn(fieldsAt(pointerIn(fields, 16), 16), 0), octets);
            put(pointerIn(fields, 0), sockaddrOf(remote));
            const trafficClass = piece[0]?.trafficClass ?? 0;
            const control = writeMessages(
              [
                isFour(remote)
                  ? { level: IPPROTO_IP, type: 1, data: Uint8Array.of(trafficClass) }
                  : { level: IPPROTO_IPV6, type: 67, data: int(trafficClass) },
                { level: IPPROTO_IPV6, type: 50, data: new Uint8Array(20) },
                ...(piece.length > 1
                  ? [{ level: SOL_UDP, type: 104, data: int(piece[0]?.octets.length ?? 0) }]
                  : []),
              ],
              LINUX,
            );
            put(pointerIn(fields, 32), control);
            put(header + 40, int(control.length));
            put(header + 56, int(octets.length));
          }
          return now.length;
        },
      } as unknown as LinuxLibc;
      const pump = inboundPump(pair, remote, 'class', counters);
      const loop = { libc, pump, tunFd: TUN, udpFd: UDP, wakeFd: WAKE, localPort: 4500 } as const;
      const memory = memoryFor('in', inboundMemory(libc, true));
      const run = (): void =>
        new InboundLoop({
          ...loopParts(),
          ...loop,
          memory,
          header: 'none',
          mergesUdp: false,
          coalesces: true,
        }).run();
      while (pieces.length > 0) run();
      return arrived(taken, counters);
    },
  };
}

/** Darwin, with many messages a call or one. */
export function darwinSystem(batch: boolean): PlayedSystem {
  return {
    encapsulate: (packets, pair, remote) => {
      const sent: Datagram[] = [];
      const mark = isFour(remote) ? ([IPPROTO_IP, 3] as const) : ([IPPROTO_IPV6, 36] as const);
      const one = (at: number): number => {
        const fields = fieldsAt(at, 48);
        const vector = fieldsAt(pointerIn(fields, 16), 16);
        const octets = octetsAt(pointerIn(vector, 0), pointerIn(vector, 8));
        const [control, length] = [pointerIn(fields, 32), fields.getUint32(40, true)];
        if ((control === 0) !== (length === 0)) throw new Error('a pointer without octets is refused');
        sent.push({
          octets,
          trafficClass: onlyValue(readMessages(octetsAt(control, length), DARWIN), [mark]) ?? 0,
        });
        return octets.length;
      };
      const libc = {
        ...posix(packets, 4, []),
        system: 'darwin',
        sendto: (_fd: number, at: number, length: number) => {
          sent.push({ octets: octetsAt(at, length), trafficClass: 0 });
          return length;
        },
        sendmsg: (_fd: number, at: number) => one(at),
        batch: {
          sendmsg: (_fd: number, at: number, count: number) => {
            for (let i = 0; i < count; i++) one(at + i * 56);
            return count;
          },
        },
      };
      new OutboundLoop({
        ...loopParts(),
        libc: libc as unknown as DarwinLibc,
        pump: outboundPump(pair, remote, 'class'),
        memory: memoryFor('out', OUTBOUND_MEMORY),
        tunFd: TUN,
        header: 'family',
        udpFd: UDP,
        segments: batch,
        says: 'class',
        wakeFd: WAKE,
      }).run();
      return sent;
    },
    decapsulate: (datagrams, pair, remote) => {
      const counters = newCounters();
      const taken: Uint8Array[] = [];
      const waiting = [...datagrams];
      const one = (at: number): number => {
        const datagram = waiting.shift();
        if (!datagram) return -1;
        const fields = fieldsAt(at, 48);
        put(pointerIn(fieldsAt(pointerIn(fields, 16), 16), 0), datagram.octets);
        put(pointerIn(fields, 0), sockaddrOf(remote));
        const control = writeMessages(
          [
            { level: IPPROTO_IPV6, type: 36, data: int(datagram.trafficClass) },
            { level: IPPROTO_IPV6, type: 46, data: new Uint8Array(20) },
          ],
          DARWIN,
        );
        put(pointerIn(fields, 32), control);
        put(at + 40, int(control.length));
        return datagram.octets.length;
      };
      const libc = {
        ...posix([], 4, taken),
        system: 'darwin',
        recvmsg: (_fd: number, at: number) => one(at),
        batch: {
          recvmsg: (_fd: number, at: number, slots: number) => {
            let count = 0;
            for (; count < slots && waiting.length > 0; count++) {
              const length = one(at + count * 56);
              put(at + count * 56 + 48, int(length));
            }
            return count;
          },
        },
      } as unknown as DarwinLibc;
      const pump = inboundPump(pair, remote, 'class', counters);
      const loop = { libc, pump, tunFd: TUN, udpFd: UDP, wakeFd: WAKE, localPort: 4500 } as const;
      const memory = memoryFor('in darwin', inboundMemory(libc, batch));
      while (waiting.length > 0)
        new InboundLoop({
          ...loopParts(),
          ...loop,
          memory,
          header: 'family',
          mergesUdp: false,
          coalesces: batch,
        }).run();
      return arrived(taken, counters);
    },
  };
}

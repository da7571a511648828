/** The two loops of a worker as its system has them: descriptors and `poll`, or the events of Windows. */
import type { Marks } from '../base/marks.ts';
import { loadDarwinLibc } from '../os/ffi/libc.darwin.ts';
import { loadLinuxLibc } from '../os/ffi/libc.linux.ts';
import { InboundLoop, inboundMemory } from './inbound-loop.ts';
import type { InboundPump } from './inbound-pump.ts';
import { HostWriter, type TunHeader } from './offload/host-writer.ts';
import { type PacketMemory, packetMemory } from './offload/sum-kernel.ts';
import { OUTBOUND_MEMORY, OutboundLoop } from './outbound-loop.ts';
import type { OutboundPump } from './outbound-pump.ts';
import type { DatapathEvent } from './protocol.ts';
import { loadWindowsCalls } from './windows/calls.ts';
import { WINDOWS_INBOUND_MEMORY, WindowsInboundLoop } from './windows/inbound-loop.ts';
import { WINDOWS_OUTBOUND_MEMORY, WindowsOutboundLoop } from './windows/outbound-loop.ts';
import { RingWriter } from './windows/ring-writer.ts';
import type { WorkerSetup } from './worker-messages.ts';

interface Shared {
  /** Carries out what the main thread has asked for. */
  readonly commands: () => void;
  readonly stopped: () => boolean;
}

export interface OutboundShared extends Shared {
  readonly pump: OutboundPump;
  readonly memory: PacketMemory;
  /** The system does not segment after all. */
  readonly segmentsLost: () => void;
  /** The socket says no more than this of a traffic class after all. */
  readonly saysOnly: (marks: Marks) => void;
}

export interface InboundShared extends Shared {
  readonly pump: InboundPump;
  readonly event: (event: DatapathEvent) => void;
}

export interface Loops {
  outboundMemory(): PacketMemory;
  /** Gives the host packets of our own; `refused` hears of each that it does not take. */
  toHost(memory: PacketMemory, refused: () => void): (packet: Uint8Array) => void;
  outbound(shared: OutboundShared): { run(): void };
  inbound(shared: InboundShared): { run(): void; early(spi: number): void };
}

/** @throws Error when the system calls cannot be bound */
export function loopsOf(setup: WorkerSetup): Loops {
  if (setup.system === 'windows') return windowsLoops(setup);
  const libc = setup.system === 'darwin' ? loadDarwinLibc(setup.library) : loadLinuxLibc();
  if (!libc) throw new Error('the system calls cannot be bound');
  const { system, tunFd, tunOffload, udpFd, wakeFd, segments, says, coalesces, localPort } = setup;
  const header: TunHeader = system === 'darwin' ? 'family' : tunOffload === 'none' ? 'none' : 'virtio';
  return {
    outboundMemory: () => packetMemory(OUTBOUND_MEMORY),
    toHost: (memory, refused) => {
      const writer = new HostWriter(libc, tunFd, memory.octets, header, refused);
      return (packet) => writer.copy(packet);
    },
    outbound: (shared) => new OutboundLoop({ ...shared, libc, tunFd, header, udpFd, segments, says, wakeFd }),
    inbound: (shared) =>
      new InboundLoop({
        ...shared,
        libc,
        memory: packetMemory(inboundMemory(libc, coalesces)),
        tunFd,
        header,
        mergesUdp: tunOffload === 'uso',
        udpFd,
        coalesces,
        wakeFd,
        localPort,
      }),
  };
}

function windowsLoops(setup: WorkerSetup): Loops {
  const { library, tunFd, udpFd, wakeFd, segments, says, localPort } = setup;
  if (library === null) throw new Error('wintun.dll was not named');
  const calls = loadWindowsCalls(library);
  const handles = { calls, session: tunFd, socket: udpFd, wake: wakeFd };
  return {
    outboundMemory: () => packetMemory(WINDOWS_OUTBOUND_MEMORY),
    toHost: (memory, refused) => {
      const writer = new RingWriter(calls, tunFd, memory.octets, refused);
      return (packet) => writer.copy(packet);
    },
    outbound: (shared) => new WindowsOutboundLoop({ ...shared, ...handles, segments, says }),
    inbound: (shared) =>
      new WindowsInboundLoop({
        ...shared,
        ...handles,
        memory: packetMemory(WINDOWS_INBOUND_MEMORY),
        localPort,
      }),
  };
}

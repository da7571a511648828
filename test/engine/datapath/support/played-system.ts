/**
 * What the played systems have in common: the loops of the workers, each run for a turn over system calls that are
 * played. What the host gave becomes datagrams with the traffic class that was said, and datagrams with the class that
 * is told become packets. Numbers of options are written down once more here, independently of the engine's tables.
 */
import { randomFillSync } from 'node:crypto';
import type { Instant } from '../../../../engine/base/brand.ts';
import type { Endpoint } from '../../../../engine/base/ip.ts';
import type { Marks } from '../../../../engine/base/marks.ts';
import { SOCKADDR_LENGTH, writeSockaddr } from '../../../../engine/base/sockaddr.ts';
import { COUNTERS_BYTE_LENGTH, Head, readTotals } from '../../../../engine/datapath/counters.ts';
import { InboundPump } from '../../../../engine/datapath/inbound-pump.ts';
import { type PacketMemory, packetMemory } from '../../../../engine/datapath/offload/sum-kernel.ts';
import { OutboundPump } from '../../../../engine/datapath/outbound-pump.ts';
import type { EspSaPair } from '../../../../engine/esp/params.ts';
import { nodeProvider } from '../../../../engine/os/crypto/node.ts';
import { type ControlMessage, readInt } from './played-memory.ts';

/** An ESP packet in UDP, and the traffic class of its IP header. */
export interface Datagram {
  readonly octets: Uint8Array;
  readonly trafficClass: number;
}

export interface Arrived {
  readonly packets: readonly Uint8Array[];
  /** Dropped for a mark that their sender would not understand. */
  readonly congestion: number;
}

export interface PlayedSystem {
  /** What becomes of packets of the host, sealed for `remote`. Takes the pair's keys. */
  encapsulate(packets: readonly Uint8Array[], pair: EspSaPair, remote: Endpoint): Datagram[];
  /** What becomes of datagrams from `remote`. Takes the pair's keys. */
  decapsulate(datagrams: readonly Datagram[], pair: EspSaPair, remote: Endpoint): Arrived;
}

/** Descriptors, or handles. */
export const [TUN, UDP, WAKE] = [11, 12, 13] as const;
export const [SOL_UDP, IPPROTO_IP, IPPROTO_IPV6] = [17, 0, 41] as const;

const memories = new Map<string, PacketMemory>();
/** One for all runs of a kind. */
export function memoryFor(kind: string, length: number): PacketMemory {
  const memory = memories.get(kind) ?? packetMemory(length);
  memories.set(kind, memory);
  return memory;
}

export const refuse = (what: string) => (): never => {
  throw new Error(`${what} is not played`);
};

/** True from the second question on: one turn. */
function onceOnly(): () => boolean {
  let asked = 0;
  return () => asked++ > 0;
}

export const newCounters = (): Float64Array => new Float64Array(COUNTERS_BYTE_LENGTH / 8);

export function outboundPump(pair: EspSaPair, remote: Endpoint, marks: Marks): OutboundPump {
  const pump = new OutboundPump({
    crypto: nodeProvider,
    fillRandom: (into) => randomFillSync(into),
    clock: () => 1000 as Instant,
    counters: newCounters(),
    head: Head.OUTBOUND,
    event: refuse('an event'),
    toHost: refuse('a packet of our own'),
    marks,
  });
  pump.install(pair, { remote }, 0);
  return pump;
}

export function inboundPump(
  pair: EspSaPair,
  remote: Endpoint,
  marks: Marks,
  counters: Float64Array,
): InboundPump {
  const pump = new InboundPump({
    crypto: nodeProvider,
    clock: () => 1000 as Instant,
    counters,
    head: Head.INBOUND,
    event: refuse('an event'),
    released: refuse('an end'),
    marks,
  });
  pump.install(pair, { remote }, 0);
  return pump;
}

export const loopParts = (): {
  commands: () => void;
  stopped: () => boolean;
  segmentsLost: () => never;
  saysOnly: () => never;
  event: () => never;
} => ({
  commands: () => undefined,
  stopped: onceOnly(),
  segmentsLost: refuse('giving up'),
  saysOnly: refuse('giving up'),
  event: refuse('an event'),
});

export function sockaddrOf(remote: Endpoint): Uint8Array {
  const name = new Uint8Array(SOCKADDR_LENGTH);
  writeSockaddr(remote, name, 0);
  return name;
}

/** Neighbours of one size and class, of which the last may be shorter, as a system hands them over in one piece. */
export function inPieces(datagrams: readonly Datagram[]): (readonly Datagram[])[] {
  const pieces: Datagram[][] = [];
  for (const one of datagrams) {
    const piece = pieces.at(-1);
    const [first, last] = [piece?.[0], piece?.at(-1)];
    if (
      piece &&
      first &&
      last &&
      first.trafficClass === one.trafficClass &&
      last.octets.length === first.octets.length &&
      one.octets.length <= first.octets.length
    )
      piece.push(one);
    else pieces.push([one]);
  }
  return pieces;
}

export const joinedOctets = (piece: readonly Datagram[]): Uint8Array =>
  Uint8Array.from(piece.flatMap(({ octets }) => [...octets]));

/** The datagrams of one message: as long as `size` says, or one. */
export function cut(octets: Uint8Array, size: number, trafficClass: number): Datagram[] {
  const step = size > 0 ? size : octets.length;
  const datagrams: Datagram[] = [];
  for (let at = 0; at < octets.length; at += step)
    datagrams.push({ octets: octets.slice(at, at + step), trafficClass });
  return datagrams;
}

/** The one value of a control message of any of these kinds, `undefined` without any. */
export function onlyValue(
  messages: readonly ControlMessage[],
  kinds: readonly (readonly [level: number, type: number])[],
): number | undefined {
  const found = messages.filter((m) => kinds.some(([level, type]) => m.level === level && m.type === type));
  if (found.length > 1) throw new Error('the same control message twice');
  const [one] = found;
  return (
    one &&
    (one.data.length === 2 ? (one.data[0] as number) + 256 * (one.data[1] as number) : readInt(one.data))
  );
}

export const arrived = (packets: readonly Uint8Array[], counters: Float64Array): Arrived => ({
  packets,
  congestion: readTotals(counters).drops.congestion,
});

export const isFour = (remote: Endpoint): boolean => !remote.address.includes(':');

/** Real packets for the demo: pings, a steady probe and a transfer between two hosts behind memory tuns. */
import { performance } from 'node:perf_hooks';
import { readU32, writeU32 } from '../base/bytes.ts';
import { answerEcho, buildEcho, buildUdp, parseEcho, parseUdp, readIp } from '../gateway/ip-packets.ts';

/** The host's end of a tun in memory. */
export interface HostEnd {
  push(...packets: readonly Uint8Array[]): void;
  onHostPacket(listener: (packet: Uint8Array) => void): void;
}

export interface Loss {
  readonly sent: number;
  readonly answered: number;
}

export interface PingResult extends Loss {
  /** Milliseconds; zero without an answer. */
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export interface TransferResult {
  readonly octets: number;
  readonly packets: number;
  readonly lost: number;
  readonly damaged: number;
  readonly milliseconds: number;
}

const PING_ID = 0x6375;
const PROBE_ID = 0x7670;
const TRANSFER_PORT = 5001;
/** Packets that may be under way in a transfer: what a socket's default buffer holds, with room to spare. */
const WINDOW = 32;
const PATIENCE_MS = 3000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Both hosts: the client's, which begins everything, and the one behind the gateway, which answers. */
export class Traffic {
  readonly #client: HostEnd;
  readonly #server: HostEnd;
  readonly #pings = new Map<number, { readonly at: number; roundTrip?: number }>();
  readonly #probes = new Set<number>();
  #probeSequence = 0;
  #probesSent = 0;
  #received = 0;
  #damaged = 0;

  constructor(client: HostEnd, server: HostEnd) {
    this.#client = client;
    this.#server = server;
    client.onHostPacket((packet) => this.#atClient(packet));
    server.onHostPacket((packet) => this.#atServer(packet));
  }

  async ping(source: string, destination: string, count: number): Promise<PingResult> {
    this.#pings.clear();
    const data = new Uint8Array(56).map((_, i) => i);
    for (let sequence = 1; sequence <= count; sequence++) {
      this.#pings.set(sequence, { at: performance.now() });
      this.#client.push(
        buildEcho(source, destination, { kind: 'request', identifier: PING_ID, sequence, data }),
      );
      await pause(5);
    }
    const times = (): number[] => [...this.#pings.values()].flatMap((p) => p.roundTrip ?? []);
    const end = performance.now() + PATIENCE_MS;
    while (times().length < count && performance.now() < end) await pause(5);
    const sorted = times().sort((a, b) => a - b);
    return {
      sent: count,
      answered: sorted.length,
      min: sorted[0] ?? 0,
      median: sorted[Math.floor(sorted.length / 2)] ?? 0,
      max: sorted.at(-1) ?? 0,
    };
  }

  /** Sends an echo request every `intervalMs` until `stop`, which waits for stragglers and says what was lost. */
  probe(source: string, destination: string, intervalMs: number): { stop(): Promise<Loss> } {
    const data = new Uint8Array(32);
    const before = this.#probesSent;
    const timer = setInterval(() => {
      this.#probeSequence = (this.#probeSequence + 1) & 0xffff;
      const sequence = this.#probeSequence;
      this.#probes.add(sequence);
      this.#probesSent++;
      this.#client.push(
        buildEcho(source, destination, { kind: 'request', identifier: PROBE_ID, sequence, data }),
      );
    }, intervalMs);
    const stop = async (): Promise<Loss> => {
      clearInterval(timer);
      const end = performance.now() + PATIENCE_MS;
      while (this.#probes.size > 0 && performance.now() < end) await pause(5);
      const sent = this.#probesSent - before;
      const lost = this.#probes.size;
      this.#probes.clear();
      return { sent, answered: sent - lost };
    };
    return { stop };
  }

  /** Numbered UDP datagrams from the client; each is checked on arrival. */
  async transfer(
    source: string,
    destination: string,
    packets: number,
    octets: number,
  ): Promise<TransferResult> {
    this.#received = 0;
    this.#damaged = 0;
    const begin = performance.now();
    let lastProgress = begin;
    let seen = 0;
    for (let next = 0; this.#received < packets; ) {
      const batch: Uint8Array[] = [];
      while (next < packets && next - this.#received < WINDOW)
        batch.push(this.#numbered(source, destination, next++, octets));
      if (batch.length > 0) this.#client.push(...batch);
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.#received !== seen) {
        seen = this.#received;
        lastProgress = performance.now();
      }
      if (performance.now() - lastProgress > PATIENCE_MS) break;
    }
    const milliseconds = performance.now() - begin;
    return {
      octets: this.#received * octets,
      packets: this.#received,
      lost: packets - this.#received,
      damaged: this.#damaged,
      milliseconds,
    };
  }

  #numbered(source: string, destination: string, number: number, octets: number): Uint8Array {
    const data = new Uint8Array(octets).fill(number & 0xff, 4);
    writeU32(data, 0, number);
    return buildUdp(source, destination, {
      sourcePort: TRANSFER_PORT,
      destinationPort: TRANSFER_PORT,
      data,
    });
  }

  #atClient(bytes: Uint8Array): void {
    const packet = readIp(bytes);
    const echo = packet && parseEcho(packet);
    if (echo?.kind !== 'reply') return;
    if (echo.identifier === PROBE_ID) this.#probes.delete(echo.sequence);
    const ping = echo.identifier === PING_ID ? this.#pings.get(echo.sequence) : undefined;
    if (ping) ping.roundTrip ??= performance.now() - ping.at;
  }

  #atServer(bytes: Uint8Array): void {
    const reply = answerEcho(bytes);
    if (reply) {
      this.#server.push(reply);
      return;
    }
    const packet = readIp(bytes);
    const datagram = packet && parseUdp(packet);
    if (datagram?.destinationPort !== TRANSFER_PORT) return;
    this.#received++;
    const fill = readU32(datagram.data, 0) & 0xff;
    if (!datagram.data.subarray(4).every((octet) => octet === fill)) this.#damaged++;
  }
}

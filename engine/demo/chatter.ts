/** Traffic that comes and goes through a memory tun, so that a window has something to show. */
import { answerEcho, buildEcho } from '../gateway/ip-packets.ts';
import type { MemoryTun } from '../os/tun/tun.fake.ts';

const TICK_MS = 250;
const IDENTIFIER = 0x6368;
const MOST_OCTETS = 1200;

/** Answers pings at the gateway's end. */
export function answerAt(tun: MemoryTun): void {
  tun.onHostPacket((packet) => {
    const reply = answerEcho(packet);
    if (reply) tun.push(reply);
  });
}

/** Packets in the tick number `n`: waves with pauses between them. */
function packetsAt(n: number): number {
  const wave = Math.sin(n / 25) + 0.6 * Math.sin(n / 7) + 0.3 * Math.sin(n / 2.3);
  return wave < -1.5 ? 0 : Math.round((wave + 2) * 9);
}

export interface Talk {
  readonly tun: MemoryTun;
  readonly source: string;
  readonly destination: string;
}

/** Sends echo requests while there is somebody to talk to. */
export function startChatter(talk: () => Talk | undefined): { stop(): void } {
  let tick = 0;
  let sequence = 0;
  const timer = setInterval(() => {
    const now = talk();
    tick++;
    if (!now) return;
    for (let n = packetsAt(tick); n > 0; n--) {
      sequence = (sequence + 1) & 0xffff;
      const data = new Uint8Array(64 + ((sequence * 97) % (MOST_OCTETS - 64)));
      now.tun.push(
        buildEcho(now.source, now.destination, { kind: 'request', identifier: IDENTIFIER, sequence, data }),
      );
    }
  }, TICK_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

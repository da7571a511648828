/**
 * The pump without devices: packets a second through seal and open of one ESP SA, by provider, beside the bare
 * cipher of the same provider in the same run. What is missing to 1 is the pump's own work.
 */
import { randomFillSync } from 'node:crypto';
import { SOCKADDR_LENGTH } from '../../engine/base/sockaddr.ts';
import type { CipherSuite, CryptoProvider } from '../../engine/crypto/port.ts';
import { cipherSizes, suiteName } from '../../engine/crypto/suites.ts';
import { monotonic } from '../../engine/datapath/clock.ts';
import { COUNTERS_BYTE_LENGTH } from '../../engine/datapath/counters.ts';
import { Inbound } from '../../engine/datapath/inbound-pump.ts';
import { Pump } from '../../engine/datapath/pump.ts';
import { HEADROOM, TAILROOM } from '../../engine/datapath/room.ts';
import { buildUdp } from '../../engine/gateway/ip-packets.ts';
import { pairs } from '../engine/datapath/support/pairs.ts';
import { PROVIDERS } from '../engine/os/crypto/providers.ts';
import { type Bench, row } from './row.ts';

const SUITES: readonly CipherSuite[] = [
  { encr: 20, keyBits: 128, integ: 0 },
  { encr: 28, keyBits: 256, integ: 0 },
  { encr: 12, keyBits: 256, integ: 12 },
];
const PACKET = 1400;
const BATCH = 64;
const STRIDE = 2048;
const ROUNDS = 8;
const ROUND_MS = 60;

const REMOTE = { remote: { address: '127.0.0.1', port: 4500 } };

function pump(crypto: CryptoProvider): Pump {
  const nothing = (): void => undefined;
  return new Pump({
    crypto,
    fillRandom: (into) => randomFillSync(into),
    clock: monotonic,
    counters: new Float64Array(COUNTERS_BYTE_LENGTH / 8),
    event: nothing,
    toHost: nothing,
    released: nothing,
  });
}

/** Packets a second in several short rounds; `batch` handles BATCH packets and gives the milliseconds that count. */
function measure(batch: () => number): number[] {
  const rounds: number[] = [];
  for (let i = 0; i < 4; i++) batch();
  while (rounds.length < ROUNDS) {
    let spent = 0;
    let packets = 0;
    while (spent < ROUND_MS) {
      spent += batch();
      packets += BATCH;
    }
    rounds.push((packets / spent) * 1000);
  }
  return rounds;
}

function timed(run: (slot: number) => void): number {
  const start = process.hrtime.bigint();
  for (let slot = 0; slot < BATCH; slot++) run(slot);
  return Number(process.hrtime.bigint() - start) / 1e6;
}

function bare(provider: CryptoProvider, suite: CipherSuite): { seal: number[]; open: number[] } {
  const sizes = cipherSizes(suite);
  if (!sizes) throw new Error('unknown suite');
  const cipher = provider.cipher(
    suite,
    new Uint8Array(sizes.encrKeyLength),
    new Uint8Array(sizes.integKeyLength),
  );
  const arena = new Uint8Array(BATCH * STRIDE);
  const length = PACKET + 16 - (PACKET % 16);
  const seal = measure(() =>
    timed((slot) => cipher.seal(arena, slot * STRIDE, slot * STRIDE + 8, length, -1)),
  );
  const open = measure(() => {
    for (let slot = 0; slot < BATCH; slot++) cipher.seal(arena, slot * STRIDE, slot * STRIDE + 8, length, -1);
    return timed((slot) => {
      if (!cipher.open(arena, slot * STRIDE, slot * STRIDE + 8, length, -1)) throw new Error('refused');
    });
  });
  cipher.destroy();
  return { seal, open };
}

function pumped(provider: CryptoProvider, suite: CipherSuite): { seal: number[]; open: number[] } {
  const { left, right } = pairs(suite);
  const [sender, receiver] = [pump(provider), pump(provider)];
  sender.install(left, REMOTE, 0);
  receiver.install(right, REMOTE, 0);
  const data = new Uint8Array(PACKET - 28);
  const packet = buildUdp('10.1.0.1', '10.2.0.1', { sourcePort: 1, destinationPort: 2, data });
  const arena = new Uint8Array(BATCH * STRIDE);
  const from = new Uint8Array(SOCKADDR_LENGTH);
  let sealedLength = 0;
  let sealedAt = 0;
  const refill = (): void => {
    for (let slot = 0; slot < BATCH; slot++) arena.set(packet, slot * STRIDE + HEADROOM);
  };
  const sealAll = (): number => {
    refill();
    sender.beginBatch();
    return timed((slot) => {
      if (!sender.outbound(arena, slot * STRIDE + HEADROOM, packet.length)) throw new Error('refused');
      sealedAt = sender.resultAt - slot * STRIDE;
      sealedLength = sender.resultLength;
    });
  };
  if (HEADROOM + PACKET + TAILROOM > STRIDE) throw new Error('the stride is too short');
  const seal = measure(sealAll);
  const open = measure(() => {
    sealAll();
    receiver.beginBatch();
    return timed((slot) => {
      const verdict = receiver.inbound(arena, slot * STRIDE + sealedAt, sealedLength, from, 0);
      if (verdict !== Inbound.PACKET) throw new Error('refused');
    });
  });
  sender.close();
  receiver.close();
  return { seal, open };
}

export const bench: Bench = {
  name: 'datapath',
  describe: 'packets a second through the pump (1,400 octets, no devices), beside the bare cipher',
  async run(report) {
    for (const suite of SUITES)
      for (const provider of PROVIDERS) {
        if (provider.name === 'noble') continue;
        const alone = bare(provider, suite);
        const whole = pumped(provider, suite);
        const what = { bench: `pump ${suiteName(suite)}`, unit: 'packets/s' };
        const peer = (values: number[]) => ({ name: `${provider.name} alone`, values });
        report(row({ ...what, metric: `outbound, ${provider.name}` }, whole.seal, peer(alone.seal)));
        report(row({ ...what, metric: `inbound, ${provider.name}` }, whole.open, peer(alone.open)));
      }
  },
};

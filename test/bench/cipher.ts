/**
 * Cost of sealing and opening one packet of 64, 512 and 1,400 octets, by provider and suite, beside what `openssl speed` reaches with
 * the bare cipher on the same machine in the same run.
 */
import { spawnSync } from 'node:child_process';
import { cipherSizes, suiteName } from '../../engine/crypto/suites.ts';
import { PROVIDERS } from '../engine/os/crypto/providers.ts';
import { type Bench, row } from './row.ts';

const SIZES = [64, 512, 1400];
/** As in the data path there is something before the ESP packet. */
const ESP_AT = 64;
const IV_AT: number = ESP_AT + 8;
const SUITES = [
  { suite: { encr: 20, keyBits: 128, integ: 0 }, limit: 'aes-128-gcm' },
  { suite: { encr: 20, keyBits: 256, integ: 0 }, limit: 'aes-256-gcm' },
  { suite: { encr: 28, keyBits: 256, integ: 0 }, limit: 'chacha20-poly1305' },
  { suite: { encr: 12, keyBits: 256, integ: 12 }, limit: 'aes-256-cbc' },
] as const;

/** Microseconds a call in several short rounds. */
function measure(call: () => void): number[] {
  const rounds: number[] = [];
  let calls = 16;
  while (rounds.length < 5) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < calls; i++) call();
    const micros = Number(process.hrtime.bigint() - start) / 1000;
    if (micros < 10_000) {
      calls *= 4;
      continue;
    }
    rounds.push(micros / calls);
  }
  return rounds;
}

/** Microseconds a packet by `openssl speed`, or `undefined` when the command is missing. */
function limitOf(cipher: string, size: number): number | undefined {
  const args = ['speed', '-mr', '-seconds', '1', '-bytes', String(size), '-evp', cipher];
  const { status, stdout } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) return undefined;
  // `+F:22:NAME:octets per second`
  const rate = Number(/^\+F:.*:([0-9.]+)$/m.exec(stdout)?.[1]);
  return rate > 0 ? (size / rate) * 1e6 : undefined;
}

export const bench: Bench = {
  name: 'cipher',
  describe: 'microseconds to seal and open a packet, beside openssl speed',
  async run(report) {
    for (const { suite, limit, size } of SUITES.flatMap((each) => SIZES.map((size) => ({ ...each, size })))) {
      const sizes = cipherSizes(suite);
      if (!sizes) continue;
      const bare = limitOf(limit, size);
      const peer = bare === undefined ? undefined : { name: `openssl speed ${limit}`, values: [bare] };
      const length = size - (size % sizes.blockLength);
      for (const provider of PROVIDERS) {
        const cipher = provider.cipher(
          suite,
          new Uint8Array(sizes.encrKeyLength),
          new Uint8Array(sizes.integKeyLength),
        );
        const buffer = new Uint8Array(2048);
        const seal = measure(() => cipher.seal(buffer, ESP_AT, IV_AT, length, -1));
        const sealed = buffer.slice();
        const open = measure(() => {
          buffer.set(sealed);
          if (!cipher.open(buffer, ESP_AT, IV_AT, length, -1))
            throw new Error(`${provider.name} refused its packet`);
        });
        const what = { bench: `cipher ${suiteName(suite)}`, unit: 'µs' };
        report(row({ ...what, metric: `seal ${size}, ${provider.name}` }, seal, peer));
        report(row({ ...what, metric: `open ${size}, ${provider.name}` }, open, peer));
        cipher.destroy();
      }
    }
  },
};

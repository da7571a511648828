/**
 * Cost of sealing and opening one 1,400-byte packet, by provider and suite, beside what `openssl speed` reaches with
 * the bare cipher on the same machine in the same run.
 */
import { spawnSync } from 'node:child_process';
import { cipherSizes, suiteName } from '../../engine/crypto/suites.ts';
import { PROVIDERS } from '../engine/os/crypto/providers.ts';

const DATA = 1400;
const ESP_AAD = 8;
const SUITES = [
  { suite: { encr: 20, keyBits: 128, integ: 0 }, limit: 'aes-128-gcm' },
  { suite: { encr: 20, keyBits: 256, integ: 0 }, limit: 'aes-256-gcm' },
  { suite: { encr: 28, keyBits: 256, integ: 0 }, limit: 'chacha20-poly1305' },
  { suite: { encr: 12, keyBits: 256, integ: 12 }, limit: 'aes-256-cbc' },
] as const;

/** Best of several short rounds, in microseconds a call. */
function measure(call: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  let calls = 16;
  for (let round = 0; round < 8; ) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < calls; i++) call();
    const micros = Number(process.hrtime.bigint() - start) / 1000;
    if (micros < 20_000) {
      calls *= 4;
      continue;
    }
    best = Math.min(best, micros / calls);
    round++;
  }
  return best;
}

/** Microseconds a packet by `openssl speed`, or `undefined` when the command is missing. */
function limitOf(cipher: string): number | undefined {
  const args = ['speed', '-mr', '-seconds', '1', '-bytes', String(DATA), '-evp', cipher];
  const { status, stdout } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) return undefined;
  // `+F:22:NAME:octets per second`
  const rate = Number(/^\+F:.*:([0-9.]+)$/m.exec(stdout)?.[1]);
  return rate > 0 ? (DATA / rate) * 1e6 : undefined;
}

export const bench = {
  name: 'cipher',
  describe: 'microseconds to seal and open a 1,400-byte packet, as a ratio to openssl speed',
  async run(report: (line: string) => void): Promise<void> {
    for (const { suite, limit } of SUITES) {
      const bare = limitOf(limit);
      report(
        `${suiteName(suite)}: ${bare === undefined ? 'no openssl command, no ratio' : `openssl speed ${limit} ${bare.toFixed(2)} µs`}`,
      );
      const sizes = cipherSizes(suite);
      if (!sizes) continue;
      const length = DATA - (DATA % sizes.blockLength);
      for (const provider of PROVIDERS) {
        const cipher = provider.cipher(
          suite,
          new Uint8Array(sizes.encrKeyLength),
          new Uint8Array(sizes.integKeyLength),
        );
        const buffer = new Uint8Array(2048);
        const seal = measure(() => cipher.seal(buffer, 0, ESP_AAD, length, -1));
        const sealed = buffer.slice();
        const open = measure(() => {
          buffer.set(sealed);
          if (!cipher.open(buffer, 0, ESP_AAD, length, -1))
            throw new Error(`${provider.name} refused its packet`);
        });
        const ratio = (micros: number): string =>
          bare === undefined ? '' : ` (${(micros / bare).toFixed(2)}×)`;
        report(
          `  ${provider.name.padEnd(8)} seal ${seal.toFixed(2)} µs${ratio(seal)}, open ${open.toFixed(2)} µs${ratio(open)}`,
        );
        cipher.destroy();
      }
    }
  },
};

/**
 * One end of a data path between two machines with keys that both know, for what IKE has no part in:
 * `node --import tsx end-process.ts JSON`, see {@link End}. Prints `ready` and runs until it is killed.
 */
import { spawnSync } from 'node:child_process';
import type { Spi32 } from '../../../engine/base/brand.ts';
import type { CipherSuite } from '../../../engine/crypto/port.ts';
import { cipherSizes } from '../../../engine/crypto/suites.ts';
import { openWorkerDatapath } from '../../../engine/datapath/worker-client.ts';
import { loadLinuxLibc } from '../../../engine/os/ffi/libc.linux.ts';
import { linuxTun } from '../../../engine/os/tun/tun.linux.ts';
import { openRawUdp } from '../../../engine/os/udp/udp.linux.ts';
import { anyPort, NO_LIMITS } from '../../engine/datapath/support/pairs.ts';

export interface End {
  /** 1 or 2: the end's inner address is 10.200.0.N. */
  readonly number: 1 | 2;
  /** Outer address of the other end. */
  readonly remote: string;
  readonly suite: CipherSuite;
  readonly worker: 'engine' | 'copy';
  /** SA pairs in all; the one that carries is activated first, the others stand before it. */
  readonly pairs: number;
  /** Remote selectors of the one that carries; the one that matches stands last. */
  readonly selectors: number;
}

const PORT = 4500;
const WORKERS = {
  engine: new URL('../../../engine/datapath/boot.mjs', import.meta.url),
  copy: new URL('copy-worker.mjs', import.meta.url),
};

const end = JSON.parse(process.argv[2] ?? '{}') as End;
const libc = loadLinuxLibc();
const sizes = cipherSizes(end.suite);
if (!libc || !sizes) throw new Error('not here');
const tun = await linuxTun(libc).open({ name: 'bench0', mtu: 1400 });
spawnSync('ip', ['address', 'add', `10.200.0.${end.number}/24`, 'dev', tun.name], { stdio: 'inherit' });
const udp = openRawUdp(libc, { port: PORT });
const path = await openWorkerDatapath({ libc, tun, udp, workerUrl: WORKERS[end.worker], openSslPath: null });
const [own, other] = end.number === 1 ? [1, 2] : [2, 1];
const remote = { address: end.remote, port: PORT };
const elsewhere = (i: number) => anyPort(`10.${i >>> 8}.${i & 255}.0`, 30);
const remoteSelectors = [
  ...Array.from({ length: end.selectors - 1 }, (_, i) => elsewhere(i)),
  anyPort('10.200.0.0', 24),
];
for (let i = 0; i < end.pairs; i++) {
  const key = (from: number, length: number): Uint8Array => new Uint8Array(length).fill(from * 16 + (i % 16));
  const carries = i === 0;
  path.install(
    {
      id: i + 1,
      spiIn: (own * 100_000 + i) as Spi32,
      spiOut: (other * 100_000 + i) as Spi32,
      suite: end.suite,
      esn: false,
      keys: {
        inEncr: key(other, sizes.encrKeyLength),
        inInteg: key(other, sizes.integKeyLength),
        outEncr: key(own, sizes.encrKeyLength),
        outInteg: key(own, sizes.integKeyLength),
      },
      local: [carries ? anyPort('10.200.0.0', 24) : elsewhere(i)],
      remote: carries ? remoteSelectors : [anyPort('10.200.0.0', 24)],
      replayWindow: 1024,
      copyDscp: 'out',
      copyEcn: true,
      limits: NO_LIMITS,
      outbound: 'now',
    },
    { remote },
  );
}
path.setInnerMtu(1400);
console.log('ready');

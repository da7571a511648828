/** The data path's worker with every cipher replaced by a copy of the packet: what the path could carry at best. */
import { parentPort } from 'node:worker_threads';
import koffi from 'koffi';
import type { CipherSuite, PacketCipher } from '../../../engine/crypto/port.ts';
import { cipherSizes } from '../../../engine/crypto/suites.ts';
import type { WorkerSetup } from '../../../engine/datapath/worker-messages.ts';
import { runWorker } from '../../../engine/datapath/worker-run.ts';
import { addressOf } from '../../../engine/os/ffi/openssl.ts';

const memcpy = koffi.load(null).func('memcpy', 'uintptr_t', ['uintptr_t', 'uintptr_t', 'size_t']);
const scratch = new Uint8Array(new ArrayBuffer(65536));

function copying(suite: CipherSuite): PacketCipher {
  const sizes = cipherSizes(suite);
  if (!sizes) throw new Error('unknown suite');
  const copy = (buffer: Uint8Array, ivAt: number, length: number): void => {
    memcpy(addressOf(scratch), addressOf(buffer) + ivAt, length + sizes.ivLength);
  };
  return {
    ...sizes,
    seal: (buffer, _aadAt, ivAt, length) => copy(buffer, ivAt, length),
    open: (buffer, _aadAt, ivAt, length) => {
      copy(buffer, ivAt, length);
      return true;
    },
    destroy: () => undefined,
  };
}

parentPort?.once('message', (setup: WorkerSetup) => runWorker(setup, { cipher: copying }));

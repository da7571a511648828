import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { cipherSizes } from '../../../../engine/crypto/suites.ts';
import { openSslProvider } from '../../../../engine/os/crypto/openssl.ts';
import { chaCha20Works } from '../../../../engine/os/crypto/openssl-chacha20.ts';
import { addressOf, loadOpenSsl } from '../../../../engine/os/ffi/openssl.ts';
import { having, PROVIDERS, SUITES, seeded } from './providers.ts';

test('a library without the exports gives no provider', () => {
  assert.equal(openSslProvider('/nonexistent/library'), undefined);
});

test('addresses follow views and stores, shared ones too', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(100));
  const own = new Uint8Array(100);
  for (const view of [shared, own]) {
    const base = addressOf(view);
    assert.equal(addressOf(view.subarray(7)), base + 7);
    assert.equal(addressOf(view), base);
  }
  assert.notEqual(addressOf(shared), addressOf(own));
});

test('packets in shared memory and at odd offsets', () => {
  const openssl = PROVIDERS[2];
  let compared = 0;
  for (const suite of SUITES) {
    const other = having(suite).find((p) => p !== openssl);
    const sizes = cipherSizes(suite);
    if (!openssl?.supportsCipher(suite) || !other || !sizes) continue;
    compared++;
    const random = seeded(5);
    const encrKey = random(sizes.encrKeyLength);
    const integ = random(sizes.integKeyLength);
    const a = openssl.cipher(suite, encrKey, integ);
    const b = other.cipher(suite, encrKey, integ);
    const buffer = new Uint8Array(new SharedArrayBuffer(4096)).subarray(33);
    const expected = random(buffer.length);
    buffer.set(expected);
    a.seal(buffer, 3, 11, 1408, 1);
    b.seal(expected, 3, 11, 1408, 1);
    assert.deepEqual(Uint8Array.from(buffer), expected);
    assert.equal(a.open(buffer, 3, 11, 1408, 1), true);
  }
  assert.ok(compared >= 15, `${compared} suites`);
});

test('workers have contexts of their own, at the same time', async () => {
  const code = `
    import { register } from 'tsx/esm/api';
    import { parentPort, workerData } from 'node:worker_threads';
    register();
    const { openSslProvider } = await import(workerData.provider);
    const cipher = openSslProvider(null).cipher({ encr: 20, keyBits: 128, integ: 0 }, new Uint8Array(20).fill(workerData.fill), new Uint8Array(0));
    const buffer = new Uint8Array(1500);
    let good = 0;
    for (let i = 0; i < 5000; i++) {
      cipher.seal(buffer, 0, 8, 1400, -1);
      if (cipher.open(buffer, 0, 8, 1400, -1)) good++;
    }
    parentPort.postMessage(good);
  `;
  const url = new URL(
    `data:text/javascript,${encodeURIComponent(code.replace("'tsx/esm/api'", `'${import.meta.resolve('tsx/esm/api')}'`))}`,
  );
  const provider = new URL('../../../../engine/os/crypto/openssl.ts', import.meta.url).href;
  const run = (fill: number): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(url, { workerData: { provider, fill }, execArgv: [] });
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  assert.deepEqual(await Promise.all([run(1), run(2)]), [5000, 5000]);
});

test("ChaCha20's primitives are used when they answer as published, and only then", () => {
  const ssl = loadOpenSsl(null);
  const sizes = cipherSizes({ encr: 28, keyBits: 256, integ: 0 });
  assert.ok(ssl?.chaCha20 && sizes);
  assert.equal(chaCha20Works(ssl, sizes), true);
  const { ChaCha20_ctr32: run } = ssl.chaCha20;
  for (const wrong of [
    { Poly1305_Update: () => undefined },
    { Poly1305_Final: () => undefined },
    // Another order of arguments, as a later OpenSSL might have it.
    {
      ChaCha20_ctr32: (...[out, input, length, key, at]: Parameters<typeof run>) =>
        run(input, out, length, at, key),
    },
  ])
    assert.equal(chaCha20Works({ ...ssl, chaCha20: { ...ssl.chaCha20, ...wrong } }, sizes), false);
  assert.equal(chaCha20Works({ ...ssl, chaCha20: undefined }, sizes), false);
});

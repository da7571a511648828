/** Every ESP suite carries pings and TCP both ways. */
import assert from 'node:assert/strict';
import { gatewayConf } from '../lab/gateway.ts';
import { profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

const KEY_LENGTHS = [128, 192, 256];
const SUITES = [
  ...KEY_LENGTHS.map((bits) => `aes${bits}gcm16`),
  'chacha20poly1305',
  ...KEY_LENGTHS.flatMap((bits) =>
    ['sha1', 'sha256', 'sha384', 'sha512'].map((hash) => `aes${bits}-${hash}`),
  ),
];

scenario('esp-suites', async (stage) => {
  for (const esp of SUITES) {
    await stage.step(esp, async () => {
      await stage.gateway.load(gatewayConf({ esp }));
      const tunnel = await stage.connect(profile({ esp, more: { allowLegacy: true } }));
      assert.ok(tunnel.children[0]?.suite.text.startsWith(esp), tunnel.children[0]?.suite.text);
      await stage.carries();
      assert.deepEqual((await stage.tunnel()).datapath?.drops.integrity ?? 0, 0);
      await stage.disconnect();
    });
  }
});

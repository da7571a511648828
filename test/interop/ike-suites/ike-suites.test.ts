/** Every key exchange, cipher, PRF and integrity algorithm for the IKE SA, each through an IKE rekey as well. */
import assert from 'node:assert/strict';
import { gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { ping } from '../lab/probe.ts';
import { profile, TUNNEL } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

const SUITES = [
  'aes128-sha1-modp2048',
  'aes192-sha256-modp3072',
  'aes256-sha384-modp4096',
  'aes256-sha512-ecp256',
  'aes128gcm16-prfsha256-ecp384',
  'aes192gcm16-prfsha384-ecp521',
  'aes256gcm16-prfsha512-x25519',
  'chacha20poly1305-prfsha256-x25519',
  'aes256gcm16-prfsha1-x25519',
];

scenario('ike-suites', async (stage) => {
  for (const ike of SUITES) {
    await stage.step(ike, async () => {
      await stage.gateway.load(gatewayConf({ ike }));
      const { ike: first } = await stage.connect(profile({ ike, more: { allowLegacy: true } }));
      // A PRF that follows from the integrity algorithm may be printed or not.
      const printed = first?.suite?.text.replace(/-prf\w+/, '');
      assert.equal(printed, ike.replace(/-prf\w+/, ''));
      await stage.culvert.rekey(TUNNEL);
      await stage.tunnelUntil('a rekeyed IKE SA', (now) => now.ike?.rekeysDone === 1);
      assert.equal((await ping(stage.lab.client, ADDRESS.lan, { count: 5 })).lost, 0);
      await stage.disconnect();
    });
  }
});

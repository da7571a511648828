/** The gateway wants another key exchange than the one that we guessed (RFC 7296 §1.2). */
import assert from 'node:assert/strict';
import { gatewayConf } from '../lab/gateway.ts';
import { profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

scenario('invalid-ke', async (stage) => {
  for (const [group, number] of [
    ['ecp384', 'ECP_384'],
    ['modp3072', 'MODP_3072'],
  ] as const) {
    await stage.step(`the gateway asks for ${group}`, async () => {
      const mark = stage.gateway.log().length;
      await stage.gateway.load(gatewayConf({ ike: `aes128gcm16-prfsha256-${group}` }));
      const tunnel = await stage.connect(profile({ ike: `aes128gcm16-prfsha256-x25519-${group}` }));
      assert.match(stage.gateway.logSince(mark), new RegExp(`unacceptable, requesting ${number}`));
      assert.ok(tunnel.ike?.suite?.text.endsWith(group), tunnel.ike?.suite?.text);
      await stage.carries();
      await stage.disconnect();
    });
  }

  await stage.step('a CHILD rekey with PFS asks for another group as well', async () => {
    const mark = stage.gateway.log().length;
    await stage.gateway.load(gatewayConf({ esp: 'aes128gcm16-ecp384' }));
    await stage.connect(profile({ esp: 'aes128gcm16-x25519-ecp384' }));
    await stage.culvert.rekey('lab', 'net');
    const { children } = await stage.tunnelUntil('a rekeyed child', (now) =>
      now.children.some((child) => child.rekeysDone === 1),
    );
    assert.match(stage.gateway.logSince(mark), /unacceptable, requesting ECP_384/);
    assert.match(children.find((child) => child.rekeysDone === 1)?.pfs ?? '', /ecp.?384/i);
    await stage.carries();
    await stage.disconnect();
  });
});

/** `esp.rehearsal`: whether the ends agree at rekeying is known seconds after the first connect, not an hour later. */
import assert from 'node:assert/strict';
import { sleep } from '../lab/command.ts';
import { gatewayConf } from '../lab/gateway.ts';
import { profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

const REHEARSAL = { esp: { rehearsal: true } };

scenario('rehearsal', async (stage) => {
  await stage.step('another PFS at the gateway: told at once, and the tunnel stays', async () => {
    await stage.gateway.load(gatewayConf({ esp: 'aes128gcm16-ecp384' }));
    await stage.connect(profile({ esp: 'aes128gcm16-x25519', more: REHEARSAL }));
    const { lastFailure, usable } = await stage.tunnelUntil(
      'the word of the rehearsal',
      (now) => now.lastFailure !== undefined,
    );
    assert.ok(usable);
    assert.deepEqual([lastFailure?.phase, lastFailure?.check], ['CREATE_CHILD_SA', 'rehearsal']);
    assert.match(lastFailure?.advice?.[0] ?? '', /esp\.proposals/);
    await stage.carries();
    await stage.disconnect();
  });

  await stage.step('the same PFS: a rekey like any other, and once: a new engine knows of it', async () => {
    await stage.gateway.load(gatewayConf({ esp: 'aes128gcm16-ecp384' }));
    const ours = profile({ esp: 'aes128gcm16-ecp384', more: REHEARSAL });
    await stage.connect(ours);
    const after = await stage.tunnelUntil('the rekeyed child', (now) =>
      now.children.some((child) => child.rekeysDone === 1),
    );
    assert.equal(after.lastFailure, undefined);
    await stage.carries();
    await stage.disconnect();
    await stage.culvert.stop();
    await stage.culvert.restart();
    await stage.connect(ours);
    // As long as another rehearsal would take to begin, and a little more.
    await sleep(7_000);
    const { children } = await stage.tunnel();
    assert.deepEqual(
      children.map((child) => child.rekeysDone),
      [0],
    );
    await stage.disconnect();
  });
});

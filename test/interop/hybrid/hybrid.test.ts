/**
 * Additional key exchanges (RFC 9370). A strongSwan 5 knows none: it has to take the classic proposal that stands
 * behind a hybrid one, and to refuse where nothing else is offered. A strongSwan 6 runs them, when there is one.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PLUGINS } from '../lab/charon.ts';
import { gatewayConf } from '../lab/gateway.ts';
import { CHILD, profile, TUNNEL } from '../lab/profile.ts';
import { type Stage, scenario } from '../lab/stage.ts';

const HYBRID = 'aes256gcm16-prfsha384-x25519-ke1_mlkem768';
const CLASSIC = 'aes256gcm16-prfsha384-x25519';
const ESP_HYBRID = 'aes256gcm16-x25519-ke1_mlkem768';
const ESP_CLASSIC = 'aes256gcm16-x25519';

/** Both rekeys, and what they were made with. */
async function rekeyed(stage: Stage, ike: string, esp: string): Promise<void> {
  await stage.culvert.rekey(TUNNEL, CHILD);
  const child = await stage.tunnelUntil('a rekeyed child', (now) => now.children[0]?.rekeysDone === 1);
  assert.equal(child.children[0]?.suite.text, esp);
  await stage.carries();
  await stage.culvert.rekey(TUNNEL);
  const now = await stage.tunnelUntil(
    'a rekeyed IKE SA',
    (tunnel) => tunnel.ike?.rekeysDone === 1 && tunnel.state === 'ESTABLISHED',
  );
  assert.equal(now.ike?.suite?.text, ike);
  await stage.carries();
}

scenario('hybrid', async (stage) => {
  await stage.step(
    'an older gateway takes the classic proposal behind the hybrid one, in rekeys too',
    async () => {
      await stage.gateway.load(gatewayConf({ ike: CLASSIC, esp: ESP_CLASSIC }));
      const tunnel = await stage.connect(
        profile({ ike: `${HYBRID},${CLASSIC}`, esp: `${ESP_HYBRID},${ESP_CLASSIC}` }),
      );
      assert.equal(tunnel.ike?.suite?.text, CLASSIC);
      await rekeyed(stage, CLASSIC, ESP_CLASSIC);
      await stage.disconnect();
    },
  );
  await stage.step('an older gateway takes what is recommended', async () => {
    await stage.gateway.load(gatewayConf({ ike: 'default', esp: 'default' }));
    const tunnel = await stage.connect(profile({ ike: 'recommended', esp: 'recommended' }));
    assert.doesNotMatch(tunnel.ike?.suite?.text ?? 'ke1_', /ke1_/);
    await stage.carries();
    await stage.disconnect();
  });
  await stage.step('an older gateway refuses what demands an additional key exchange', async () => {
    await stage.gateway.load(gatewayConf({ ike: `${CLASSIC}, default` }));
    await stage.refused(profile({ ike: HYBRID }), { code: 'NO_PROPOSAL_CHOSEN' });
    await stage.refused(profile({ ike: 'hybrid' }), { code: 'NO_PROPOSAL_CHOSEN' });
  });
  await stage.step('"none" inside one proposal does not help with an older gateway', async () => {
    // It does not know the transform type, and so passes the whole proposal by (RFC 7296 §3.3.6).
    await stage.gateway.load(gatewayConf({ ike: CLASSIC }));
    await stage.refused(profile({ ike: `${HYBRID}-ke1_none` }), { code: 'NO_PROPOSAL_CHOSEN' });
  });
});

const root = process.env.CULVERT_STRONGSWAN6;

if (root === undefined || root === '')
  // Nothing that a machine lacks: who has no strongSwan 6 does not name one.
  test('hybrid with strongSwan 6', (t) => {
    console.error('SKIPPED hybrid with strongSwan 6: CULVERT_STRONGSWAN6 does not name the root of one');
    t.skip('CULVERT_STRONGSWAN6 does not name the root of a strongSwan 6');
  });
else
  scenario(
    'hybrid-strongswan6',
    async (stage) => {
      for (const [ike, esp] of [
        [HYBRID, ESP_HYBRID],
        [`${CLASSIC}-ke1_mlkem768-ke2_mlkem1024`, `${ESP_CLASSIC}-ke1_mlkem512-ke2_ecp384`],
        [`${CLASSIC}-ke1_mlkem1024`, ESP_CLASSIC],
      ] as const)
        await stage.step(`${ike} / ${esp}`, async () => {
          await stage.gateway.load(gatewayConf({ ike, esp }));
          const tunnel = await stage.connect(profile({ ike, esp }));
          assert.equal(tunnel.ike?.suite?.text, ike);
          await stage.carries();
          await rekeyed(stage, ike, esp);
          await stage.gateway.rekey({ child: CHILD });
          await stage.tunnelUntil('the child rekeyed by it', (now) => now.children[0]?.rekeysDone === 2);
          await stage.gateway.rekey({ ike: 'gw' });
          await stage.tunnelUntil('the IKE SA rekeyed by it', (now) => now.ike?.rekeysDone === 2);
          await stage.carries();
          await stage.disconnect();
        });
      await stage.step('ML-KEM-1024 in small fragments', async () => {
        const ike = `${CLASSIC}-ke1_mlkem1024`;
        await stage.gateway.load(gatewayConf({ ike, connection: { fragmentation: 'force' } }));
        const tunnel = await stage.connect(profile({ ike, more: { fragmentation: { size: 576 } } }));
        assert.equal(tunnel.ike?.fragmentation, true);
        await stage.carries();
        await stage.disconnect();
      });
      await stage.step('where hybrid is demanded, a gateway without it is refused', async () => {
        await stage.gateway.load(gatewayConf({ ike: CLASSIC }));
        await stage.refused(profile({ ike: HYBRID }), { code: 'NO_PROPOSAL_CHOSEN' });
      });
    },
    { root, settings: { load: `${PLUGINS} ml`, fragment_size: 576 } },
  );

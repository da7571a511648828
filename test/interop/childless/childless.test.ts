/** Childless initiation (RFC 6023): the first CHILD_SA comes after IKE_AUTH, with a key exchange of its own. */
import assert from 'node:assert/strict';
import { gatewayConf } from '../lab/gateway.ts';
import { profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

type Word = 'allow' | 'prefer' | 'force' | 'never';

const ESP = 'aes128gcm16-x25519';
const conf = (childless: Word) => gatewayConf({ esp: ESP, connection: { childless } });
const asks = (childless: Word) =>
  profile({
    esp: ESP,
    more: { ike: { proposals: 'aes128gcm16-prfsha256-x25519!', childless } },
  });

scenario('childless', async (stage) => {
  for (const [ours, theirs] of [
    ['force', 'force'],
    ['prefer', 'allow'],
  ] as const)
    await stage.step(`${ours} with a gateway that has ${theirs}: PFS from the start`, async () => {
      await stage.gateway.load(conf(theirs));
      const tunnel = await stage.connect(asks(ours));
      assert.equal(tunnel.children[0]?.suite?.text, ESP);
      assert.equal((await stage.sa()).children[0]?.values['dh-group'], 'CURVE_25519');
      assert.notEqual(tunnel.addresses.length, 0, 'the address comes with IKE_AUTH');
      await stage.carries();
      await stage.disconnect();
    });

  await stage.step('prefer with a gateway that has never: as usual, without PFS at first', async () => {
    await stage.gateway.load(conf('never'));
    await stage.connect(asks('prefer'));
    assert.equal((await stage.sa()).children[0]?.values['dh-group'], undefined);
    await stage.disconnect();
  });

  await stage.step('force with a gateway that has never: refused before IKE_AUTH', async () => {
    await stage.gateway.load(conf('never'));
    const answer = await stage.culvert.up(asks('force'));
    assert.equal(answer.ok ? 'ok' : answer.failure.code, 'NOT_SUPPORTED');
    assert.match(answer.ok ? '' : answer.failure.message, /CHILDLESS_IKEV2_SUPPORTED/);
    await stage.unchanged();
    // It keeps its half of the handshake for a while, since nobody told it who asked.
    await stage.gateway.forget();
  });

  await stage.step(
    'another PFS group than the gateway has ends the connection, with its reason',
    async () => {
      await stage.gateway.load(
        gatewayConf({ esp: 'aes128gcm16-ecp256', connection: { childless: 'allow' } }),
      );
      await stage.refused(asks('force'), { code: 'NO_PROPOSAL_CHOSEN' });
    },
  );
});

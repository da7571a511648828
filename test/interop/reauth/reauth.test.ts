/**
 * Authenticating anew, with a probe of 100 packets a second through the tunnel: the new IKE SA is there before the old
 * one goes (RFC 7296 §2.8.3), the address stays, and no packet is lost.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TunnelSnapshot } from '../../../engine/api/snapshot.ts';
import type { LifetimeDocument, ProfileDocument } from '../../../engine/profile/schema.ts';
import { sleep, until } from '../lab/command.ts';
import { byCertificate, gatewayConf, gatewayFiles } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { Authority } from '../lab/pki.ts';
import { pingStream } from '../lab/probe.ts';
import { CHILD, CLIENT_ID, GATEWAY_ID, profile, TUNNEL } from '../lab/profile.ts';
import { type Stage, scenario } from '../lab/stage.ts';

const IKE = { proposals: 'aes128gcm16-prfsha256-x25519!' };
/** Begins after 4 s. */
const SOON = { reauthTime: '15s', margin: '11s', fuzz: 0 };

const withIke = (ike: LifetimeDocument & { readonly reauthTime?: string }): Partial<ProfileDocument> => ({
  ike: { ...IKE, ...ike },
});

/** Runs a probe until the tunnel has another IKE SA and the old one is gone. */
async function followed(
  stage: Stage,
  before: TunnelSnapshot,
  begin: () => Promise<unknown>,
): Promise<TunnelSnapshot> {
  const stream = pingStream(stage.lab.client, ADDRESS.lan);
  await sleep(300);
  await begin();
  const after = await stage.tunnelUntil(
    'another IKE SA',
    (now) => now.ike?.spiInitiator !== before.ike?.spiInitiator,
  );
  await until('the end of the old one', async () => (await stage.gateway.sas()).length === 1);
  await sleep(300);
  await stage.lostNothing(stream);
  assert.equal(after.state, 'ESTABLISHED');
  assert.deepEqual(after.addresses, before.addresses);
  assert.deepEqual(after.routes, before.routes);
  const sa = await stage.sa();
  assert.equal(sa.values['initiator-spi'], after.ike?.spiInitiator);
  assert.equal(sa.children.length, before.children.length);
  return await stage.tunnel();
}

const done = ({ history }: TunnelSnapshot) =>
  history.filter((event) => event.topic === 'reauth' && event.data?.done === true);

scenario('reauth', async (stage) => {
  await stage.step('by the lifetime of the profile, with a shared secret', async () => {
    await stage.gateway.load(gatewayConf());
    const before = await stage.connect(profile({ more: withIke(SOON) }));
    const after = await followed(stage, before, () => Promise.resolve());
    assert.equal(done(after).length, 1);
    assert.equal(done(after)[0]?.data?.cause, 'its lifetime is nearly over');
    await stage.carries();
    await stage.disconnect();
  });

  await stage.step('asked for, with certificates, while a child is rekeyed', async () => {
    const root = await Authority.root(join(stage.lab.folder, 'pki'), 'Laboratory root', 'p256');
    const own = await root.leaf({ key: 'p256', names: [`DNS:${GATEWAY_ID}`] });
    const client = await root.leaf({ key: 'p256', names: [`DNS:${CLIENT_ID}`] });
    await stage.gateway.load(
      gatewayConf({
        local: byCertificate(),
        remote: { auth: 'pubkey', cacerts: 'clients-root.pem' },
        connection: { unique: 'keep' },
      }),
      gatewayFiles(own, root.certificate),
    );
    const before = await stage.connect(profile({ auth: client, anchors: [root.certificate] }));
    const after = await followed(stage, before, () =>
      Promise.all([stage.culvert.rekey(TUNNEL, CHILD), stage.culvert.reauthenticate(TUNNEL)]),
    );
    assert.equal(done(after).length, 1);
    await stage.carries();
    await stage.disconnect();
  });

  await stage.step('a gateway that no longer takes our secret: the tunnel stays as it is', async () => {
    await stage.gateway.load(gatewayConf());
    const before = await stage.connect(profile());
    await stage.gateway.load(gatewayConf({ psk: 'a secret that was changed since' }));
    const stream = pingStream(stage.lab.client, ADDRESS.lan);
    await stage.culvert.reauthenticate(TUNNEL);
    const after = await stage.tunnelUntil('the end of the attempt', (now) => done(now).length > 0);
    const { missing, sent } = await stream.stop();
    assert.deepEqual(missing, [], `lost of ${sent}`);
    assert.match(done(after)[0]?.text ?? '', /could not authenticate again/);
    assert.equal(after.ike?.spiInitiator, before.ike?.spiInitiator);
    assert.equal(after.lastFailure?.code, 'AUTHENTICATION_FAILED');
    assert.equal((await stage.sa()).values['initiator-spi'], before.ike?.spiInitiator);
    await stage.carries();
    await stage.disconnect();
  });
});

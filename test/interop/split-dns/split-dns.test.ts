/**
 * Split DNS (RFC 8598) with the real systemd-resolved on the client: names below the domains that the gateway names are
 * asked of its server, all others of the machine's own; neither server hears of the other's names.
 */
import assert from 'node:assert/strict';
import { gatewayConf } from '../lab/gateway.ts';
import { difference, hostState } from '../lab/host-state.ts';
import { ADDRESS, type Lab } from '../lab/lab.ts';
import { type Asked, resolve, startNameServer } from '../lab/probe.ts';
import { profile } from '../lab/profile.ts';
import { RESOLVED_NEEDS, resolvedState, startBus, startResolved } from '../lab/resolved.ts';
import { scenario } from '../lab/stage.ts';

const INSIDE = 'www.lab.example';
const BELOW_SECOND = 'db.intern.lab.example';
const OUTSIDE = 'www.elsewhere.example';
/** What the machine's own server answers, whatever it is asked for. */
const BY_OLD = '203.0.113.9';
const EVERYTHING = ['0.0.0.0/0', '::/0'];

/** INTERNAL_DNS_DOMAIN, by its number, since strongSwan has no word for it. */
const settings = { plugins: { attr: { 25: 'lab.example' } } };

let old: Asked = () => [];

async function prepare({ client, wan }: Lab): Promise<void> {
  [old] = await Promise.all([startNameServer(wan, '.', BY_OLD, [ADDRESS.wan]), startBus(client)]);
  await startResolved(client, ADDRESS.wan);
}

scenario(
  'split-dns',
  async (stage) => {
    const { client } = stage.lab;
    const { culvert, asked } = stage;
    const before = await resolvedState(client);

    await stage.step('each name is asked of its own server, and afterwards all of the old one', async () => {
      assert.equal(await resolve(client, INSIDE), BY_OLD);
      await stage.gateway.load(gatewayConf());
      const tunnel = await stage.connect(profile());
      assert.deepEqual(tunnel.dns, [ADDRESS.dns]);
      assert.deepEqual(tunnel.domains, ['lab.example']);
      const heard = old().length;
      assert.equal(await resolve(client, INSIDE), ADDRESS.lan);
      assert.equal(await resolve(client, BELOW_SECOND), ADDRESS.lan);
      assert.equal(await resolve(client, OUTSIDE), BY_OLD);
      assert.deepEqual([...new Set(old().slice(heard))], [OUTSIDE], 'the old server hears of no inner name');
      assert.ok(!asked().includes(OUTSIDE), 'the inner server hears of no other name');
      await stage.disconnect();
      assert.equal(await resolvedState(client), before);
      assert.equal(await resolve(client, INSIDE), BY_OLD);
    });

    for (const way of ['the next engine', 'repair alone'] as const) {
      await stage.step(`killed while connected: as before after ${way}`, async () => {
        await stage.gateway.load(gatewayConf());
        await stage.connect(profile());
        assert.equal(await resolve(client, INSIDE), ADDRESS.lan);
        await culvert.kill();
        if (way === 'repair alone') {
          const repaired = await culvert.cli(['repair', '--json', '--state', culvert.state]);
          assert.equal(repaired.code, 0, repaired.stdout + repaired.stderr);
        } else await culvert.restart();
        assert.equal(difference(stage.before, await hostState(client)), '');
        assert.equal(await resolvedState(client), before);
        assert.equal(await resolve(client, INSIDE), BY_OLD);
        if (way === 'repair alone') await culvert.restart();
        await stage.gateway.forget();
      });
    }

    await stage.step('a kill switch of everything leaves the inner server alone for every name', async () => {
      await stage.gateway.load(gatewayConf({ child: { local_ts: EVERYTHING.join(', ') } }));
      const tunnel = await stage.connect(
        profile({ remote: EVERYTHING, more: { killSwitch: { mode: 'while-up' } } }),
      );
      assert.deepEqual(tunnel.domains, []);
      const heard = old().length;
      assert.equal(await resolve(client, INSIDE), ADDRESS.lan);
      assert.equal(await resolve(client, OUTSIDE), undefined, 'it does not know that one');
      assert.deepEqual(old().slice(heard), []);
      assert.ok(asked().includes(OUTSIDE));
      await stage.disconnect();
      assert.equal(await resolvedState(client), before);
      assert.equal(await resolve(client, OUTSIDE), BY_OLD);
    });
  },
  { settings, prepare, needs: RESOLVED_NEEDS },
);

/** strongSwan with strongSwan: proves the laboratory itself, so that a broken one is told from a broken Culvert. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { requireOrSkip } from '../../support/require.ts';
import { Charon } from './charon.ts';
import { sleep } from './command.ts';
import { CONNECTION, gatewayConf } from './gateway.ts';
import { difference, hostState, settledDifference } from './host-state.ts';
import { ADDRESS, Lab, NEEDS } from './lab.ts';
import { iperf, iperfServer, nameServer, ping, pingStream, resolve } from './probe.ts';
import { CHILD } from './profile.ts';
import { clientConf } from './strongswan-pair.ts';

let lab: Lab | undefined;
after(() => lab?.close());

test('the laboratory carries strongSwan to strongSwan', async (t) => {
  if (!requireOrSkip(t, NEEDS)) return;
  lab = await Lab.open();
  const { client, lan } = lab;
  const before = await hostState(client);

  await t.test(
    'the client reaches the gateway through the NAT only, and not the network behind',
    async () => {
      assert.equal((await ping(client, ADDRESS.gw, { count: 3 })).lost, 0);
      assert.equal((await ping(client, ADDRESS.gw6, { count: 3 })).lost, 0);
      assert.equal((await ping(client, ADDRESS.lan, { count: 2, wait: 0.2 })).received, 0);
    },
  );

  const [gateway, initiator] = await Promise.all([Charon.start(lab.gw), Charon.start(client)]);
  await Promise.all([iperfServer(lan), nameServer(lan)]);
  await gateway.load(gatewayConf());
  await initiator.load(clientConf());

  await t.test('connects with PSK, and the gateway sees the router and not the client', async () => {
    const { code, stdout, stderr } = await initiator.initiate(CHILD);
    assert.equal(code, 0, stdout + stderr);
    const [sa] = await gateway.sas();
    assert.equal(sa?.values.state, 'ESTABLISHED');
    assert.equal(sa?.values['remote-host'], ADDRESS.nat);
    assert.equal(sa?.children[0]?.values.encap, 'yes');
  });

  await t.test('carries pings, TCP both ways and names', async () => {
    assert.equal((await ping(client, ADDRESS.lan, { count: 20 })).lost, 0);
    assert.ok((await iperf(client, 'up', { bytes: '4M' })).bytes > 1e6);
    assert.ok((await iperf(client, 'down', { bytes: '4M' })).bytes > 1e6);
    await client.script([
      'cp -p /etc/resolv.conf /etc/resolv.conf.was',
      `echo nameserver ${ADDRESS.dns} > /etc/resolv.conf`,
    ]);
    assert.equal(await resolve(client, 'www.lab.example'), ADDRESS.lan);
    assert.equal(await resolve(client, 'www.elsewhere.example'), undefined);
    assert.notEqual(difference(before, await hostState(client)), '');
    await client.script(['mv /etc/resolv.conf.was /etc/resolv.conf']);
  });

  await t.test('loses nothing in a rekey under traffic', async () => {
    const stream = pingStream(client, ADDRESS.lan);
    await sleep(200);
    await gateway.rekey({ child: CHILD });
    await sleep(300);
    await initiator.rekey({ ike: CONNECTION });
    await sleep(300);
    const result = await stream.stop();
    assert.ok(result.sent > 20, `only ${result.sent} pings were sent`);
    assert.deepEqual(result.missing, []);
  });

  await t.test('connects over IPv6 outside as well', async () => {
    await initiator.terminate({ ike: CONNECTION });
    await initiator.load(clientConf({ host: ADDRESS.gw6 }));
    assert.equal((await initiator.initiate(CHILD)).code, 0);
    assert.equal((await gateway.sas())[0]?.values['remote-host'], ADDRESS.client6);
    assert.equal((await ping(client, ADDRESS.lan, { count: 5 })).lost, 0);
  });

  await t.test('ends, and the machine is as before', async () => {
    assert.equal((await initiator.terminate({ ike: CONNECTION })).code, 0);
    assert.deepEqual(await gateway.sas(), []);
    await initiator.stop();
    await gateway.stop();
    assert.equal(await settledDifference(client, before), '');
  });
});

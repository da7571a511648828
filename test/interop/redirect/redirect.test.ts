/**
 * REDIRECT (RFC 5685). strongSwan sends a connected client away, to another address of its own, with a probe of 100
 * packets a second through the tunnel. Before a connection is up the embedded gateway sends the client to strongSwan.
 */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import type { ProfileDocument } from '../../../engine/profile/schema.ts';
import { sleep, until } from '../lab/command.ts';
import { CONNECTION, gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { pingStream } from '../lab/probe.ts';
import { profile } from '../lab/profile.ts';
import { type Stage, scenario } from '../lab/stage.ts';

const REDIRECTOR = fileURLToPath(new URL('redirector.ts', import.meta.url));
const SECOND = '10.77.0.6';
const NAME = 'gw2.lab.example';
const EVERYTHING = ['0.0.0.0/0', '::/0'];
/** Where the second redirector is. */
const LATER = '10.77.0.7';

/** Calls the machine that only redirects. */
const calls = (gateway: Partial<ProfileDocument['gateway']> = {}): ProfileDocument =>
  profile({ more: { gateway: { hosts: ADDRESS.wan, port: 4500, ...gateway } } });

/** Sends callers of one address to strongSwan at once, those of the other by name once both are known. */
async function startRedirector({ lab }: Stage): Promise<void> {
  await lab.wan.script([`ip address add ${LATER}/24 dev br0`]);
  const node = [process.execPath, '--import', import.meta.resolve('tsx'), REDIRECTOR];
  const wishes = ['IKE_SA_INIT', ADDRESS.wan, ADDRESS.gw, 'IKE_AUTH', LATER, NAME];
  const child = lab.wan.spawn([...node, ...wishes], { stdout: 'pipe' });
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await until('the redirector', () => said.includes('ready'), { timeout: 20_000 });
}

scenario('redirect', async (stage) => {
  const { lab, culvert } = stage;
  await lab.gw.script([`ip address add ${SECOND}/24 dev wan0`]);
  await lab.client.script([`echo '${SECOND} ${NAME}' >> /etc/hosts`]);
  await startRedirector(stage);

  await stage.step('when it calls: to a gateway of the allow-list, which hears who sent it', async () => {
    await stage.gateway.load(gatewayConf());
    const mark = stage.gateway.log().length;
    const tunnel = await stage.connect(calls({ redirectTo: '10.77.0.0/24' }));
    assert.equal(tunnel.ike?.remote?.address, ADDRESS.gw);
    assert.deepEqual(
      tunnel.recentAttempts.map(({ address, code }) => [address, code]),
      [
        [ADDRESS.wan, 'REDIRECTED'],
        [ADDRESS.gw, undefined],
      ],
    );
    assert.match(stage.gateway.logSince(mark), /client got redirected from 10\.77\.0\.1/);
    await stage.carries();
    await stage.disconnect();
  });

  await stage.step('when it calls: to a gateway that the profile does not name', async () => {
    await stage.refused(calls({ redirectTo: '*.lab.example' }), {
      code: 'REDIRECT_REFUSED',
      check: 'untrusted',
      says: /10\.77\.0\.2, which the profile does not name/,
    });
  });

  await stage.step('once it has proved itself: to any gateway, by name', async () => {
    await stage.gateway.load(gatewayConf());
    const tunnel = await stage.connect(calls({ hosts: LATER }));
    assert.equal(tunnel.ike?.remote?.address, SECOND);
    await stage.disconnect();
  });

  for (const [target, gateway, remote, killSwitch] of [
    ['an address', SECOND, [ADDRESS.lanNet, ADDRESS.lanNet6], 'off'],
    ['a name, out of a tunnel that takes and guards everything', NAME, EVERYTHING, 'while-up'],
  ] as const)
    await stage.step(`while connected: to ${target}, and no packet is lost`, async () => {
      await stage.gateway.load(gatewayConf({ child: { local_ts: remote.join(', ') } }));
      const more = { killSwitch: { mode: killSwitch } };
      const before = await stage.connect(profile({ remote: [...remote], more }));
      assert.equal(before.ike?.remote?.address, ADDRESS.gw);
      const stream = pingStream(lab.client, ADDRESS.lan);
      await sleep(300);
      const mark = stage.gateway.log().length;
      const said = await stage.gateway.swanctl('--redirect', '--ike', CONNECTION, '--gateway', gateway);
      assert.equal(said.code, 0, said.stderr);
      const after = await stage.tunnelUntil(
        'the other gateway',
        (now) => now.usable && now.ike?.remote?.address === SECOND,
      );
      assert.deepEqual(after.addresses, before.addresses);
      await until('one IKE SA at the gateway', async () => (await stage.gateway.sas()).length === 1);
      await sleep(300);
      await stage.lostNothing(stream);
      assert.equal((await stage.sa()).values['initiator-spi'], after.ike?.spiInitiator);
      assert.notEqual(after.ike?.spiInitiator, before.ike?.spiInitiator);
      assert.match(stage.gateway.logSince(mark), /client got redirected from 10\.77\.0\.2/);
      const told = after.history.flatMap(({ topic, data }) =>
        topic === 'redirect' || topic === 'reauth' ? [[topic, data?.to, data?.done]] : [],
      );
      assert.deepEqual(told, [
        ['redirect', gateway, undefined],
        ['reauth', gateway, false],
        ['reauth', gateway, true],
      ]);
      await stage.carries();
      await stage.disconnect();
    });

  await stage.step('a profile that follows nobody stays where it is', async () => {
    await stage.gateway.load(gatewayConf());
    const hosts = { hosts: ADDRESS.gw, port: 500, followRedirects: false };
    const before = await stage.connect(profile({ more: { gateway: hosts } }));
    await stage.gateway.swanctl('--redirect', '--ike', CONNECTION, '--gateway', SECOND);
    await stage.carries();
    const after = await culvert.tunnel('lab');
    assert.equal(after?.ike?.spiInitiator, before.ike?.spiInitiator);
    await stage.disconnect();
  });
});

/** The gateway is gone for good, or is elsewhere, and another of its addresses takes over. */
import assert from 'node:assert/strict';
import { gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { firstPing } from '../lab/probe.ts';
import { profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

const SECOND = '10.77.0.6';
/** Where nobody is; of the family that has the first turn. */
const DEAD = 'fd77::99';
const NAME = 'moving.lab.example';
const EVERYTHING = ['0.0.0.0/0', '::/0'];
const QUICK = { timeout: 1, base: 1, jitter: 0, tries: 3 };

scenario('second-gateway', async (stage) => {
  const { gw } = stage.lab;
  await stage.step(
    'the first dies while connected, the second takes over, each attempt with its reason',
    async () => {
      await gw.script([`ip address add ${SECOND}/24 dev wan0`]);
      await stage.gateway.load(gatewayConf());
      const document = profile({
        more: {
          gateway: { hosts: [ADDRESS.gw, SECOND], port: 500 },
          dpd: { delay: 2, action: 'restart' },
          retransmission: QUICK,
        },
      });
      const before = await stage.connect(document);
      assert.equal(before.ike?.remote?.address, ADDRESS.gw);
      await gw.script([
        'nft add table inet dead',
        "nft 'add chain inet dead in { type filter hook input priority 0; }'",
        `nft add rule inet dead in ip daddr ${ADDRESS.gw} udp dport { 500, 4500 } drop`,
      ]);
      try {
        await firstPing(stage.lab.client, ADDRESS.lan, 60_000);
        const after = await stage.tunnelUntil('the second gateway', (now) => now.usable, 10_000);
        assert.equal(after.ike?.remote?.address, SECOND);
        const failed = after.history.filter(
          (event) => event.topic === 'attempt' && event.data?.code !== undefined,
        );
        assert.ok(
          failed.some((event) => String(event.data?.endpoint).includes(ADDRESS.gw)),
          'the attempts at the first gateway are not in the history',
        );
        await stage.carries();
        await stage.culvert.down('lab');
      } finally {
        await gw.script(['nft delete table inet dead', `ip address del ${SECOND}/24 dev wan0`]);
      }
      await stage.unchanged();
    },
  );

  await stage.step(
    'its name means other addresses after roaming: they are reached beside the tunnel that takes everything',
    async () => {
      const { client } = stage.lab;
      const direct = `10.77.0.0/24 dev direct0 src ${ADDRESS.clientDirect}`;
      await gw.script([`ip address add ${SECOND}/24 dev wan0`]);
      await client.script([`echo '${ADDRESS.gw} ${NAME}' >> /etc/hosts`]);
      const conf = { connection: { mobike: 'no' }, child: { local_ts: EVERYTHING.join(', ') } };
      await stage.gateway.load(gatewayConf(conf));
      const more = {
        gateway: { hosts: NAME },
        killSwitch: { mode: 'while-up' as const },
        retransmission: { ...QUICK, tries: 6 },
      };
      const before = await stage.connect(profile({ remote: EVERYTHING, more }));
      assert.equal(before.ike?.remote?.address, ADDRESS.gw);
      const number = before.recentAttempts.at(-1)?.number ?? 0;
      try {
        await client.script([
          `sed -i 's/^.* ${NAME}$/${DEAD} ${NAME}\\n${SECOND} ${NAME}/' /etc/hosts`,
          `ip route replace ${direct}`,
        ]);
        const after = await stage.tunnelUntil(
          'the other address',
          (now) => now.usable && now.ike?.remote?.address === SECOND,
          60_000,
        );
        assert.equal(after.ike?.local?.address, ADDRESS.clientDirect);
        // One attempt for all: the host was not cleared in between.
        assert.deepEqual(
          after.recentAttempts.slice(1).map((one) => [one.number, one.address, one.outcome]),
          [
            [number + 1, DEAD, 'failed'],
            [number + 1, SECOND, 'connected'],
          ],
        );
        await stage.carries();
      } finally {
        await stage.culvert.down('lab');
        await client.script([`ip route del ${direct}`, `sed -i '/ ${NAME}$/d' /etc/hosts`]);
        await gw.script([`ip address del ${SECOND}/24 dev wan0`]);
      }
      await stage.unchanged();
    },
  );
});

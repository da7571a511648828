/** Where IKE begins: at 4500 at once, at 500 with a float, at 500 when 4500 gives no answer, and nowhere. */
import assert from 'node:assert/strict';
import { gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { profile } from '../lab/profile.ts';
import { type Stage, scenario } from '../lab/stage.ts';

const at = (port: number | undefined, more = {}) =>
  profile({
    more: { gateway: port === undefined ? { hosts: ADDRESS.gw } : { hosts: ADDRESS.gw, port }, ...more },
  });
const QUICK = { retransmission: { timeout: 1, base: 1, jitter: 0, tries: 3 } };

const refuse = (stage: Stage, rule: string): Promise<unknown> =>
  stage.lab.gw.script([
    'nft add table inet ports',
    "nft 'add chain inet ports in { type filter hook input priority 0; }'",
    `nft 'add rule inet ports in ${rule}'`,
  ]);

scenario('ports', async (stage) => {
  await stage.step('4500 from the first message on, which is the default', async () => {
    await stage.gateway.load(gatewayConf());
    const tunnel = await stage.connect(at(undefined));
    assert.equal(tunnel.ike?.remote?.port, 4500);
    assert.equal(tunnel.attempts, 1);
    await stage.carries();
    await stage.disconnect();
  });

  await stage.step('500, then 4500', async () => {
    const tunnel = await stage.connect(at(500));
    assert.equal(tunnel.ike?.remote?.port, 4500, 'floated');
    await stage.carries();
    await stage.disconnect();
  });

  await stage.step('500 when nobody answers an IKE_SA_INIT at 4500', async () => {
    // The exchange type stands 8 + 4 + 18 octets behind the start of the UDP header; 34 is IKE_SA_INIT. Without the
    // non-ESP marker in front, one ESP packet in 256 would look the same.
    await refuse(stage, 'udp dport 4500 @th,64,32 0 @th,240,8 34 drop');
    try {
      const tunnel = await stage.connect(at(undefined, QUICK));
      assert.equal(tunnel.ike?.remote?.port, 4500, 'floated');
      await stage.carries();
      await stage.disconnect();
    } finally {
      await stage.lab.gw.script(['nft delete table inet ports']);
    }
  });

  await stage.step('a gateway that answers nowhere', async () => {
    await refuse(stage, 'udp dport { 500, 4500 } drop');
    try {
      const failure = await stage.refused(at(undefined, QUICK), {
        code: 'NO_ANSWER',
        says: /after 3 sends in/,
      });
      assert.equal(failure.authenticated, false);
    } finally {
      await stage.lab.gw.script(['nft delete table inet ports']);
    }
  });
});

/** `culvert status`, `rekey` and `log` against strongSwan: what the command line says is what the gateway knows. */
import assert from 'node:assert/strict';
import { FAILURES } from '../../../engine/base/failure.ts';
import { gatewayConf } from '../lab/gateway.ts';
import { CHILD, GATEWAY_ID, PSK, profile, TUNNEL } from '../lab/profile.ts';
import { type Stage, scenario } from '../lab/stage.ts';

async function said(stage: Stage, ...args: string[]): Promise<string> {
  const output = await stage.culvert.cli(args);
  assert.equal(output.code, 0, output.stderr);
  return output.stdout;
}

scenario('status', async (stage) => {
  await stage.step('status names what the gateway has: SPIs, suites, selectors', async () => {
    await stage.gateway.load(gatewayConf());
    await stage.connect(profile());
    await stage.carries();
    const sa = await stage.sa();
    const text = await said(stage, 'status', TUNNEL);
    assert.match(text, new RegExp(`^${TUNNEL}: ESTABLISHED for .*, traffic flows$`, 'm'));
    for (const part of [
      String(sa.values['initiator-spi']),
      String(sa.values['responder-spi']),
      String(sa.children[0]?.values['spi-in']),
      String(sa.children[0]?.values['spi-out']),
      GATEWAY_ID,
      'aes128gcm16-prfsha256-x25519',
      '10.99.0.0/24',
      'we: PSK, gateway: PSK',
    ])
      assert.ok(text.includes(part), `${part} is not in\n${text}`);
    assert.doesNotMatch(text, new RegExp(PSK));
    const missing = await stage.culvert.cli(['status', 'nobody']);
    assert.equal(missing.code, FAILURES.NOT_FOUND);
  });

  await stage.step('rekey changes the SPIs at both ends, and traffic goes on', async () => {
    const before = await stage.tunnel();
    await said(stage, 'rekey', TUNNEL);
    const ike = await stage.tunnelUntil(
      'another IKE SA',
      ({ ike: now, state }) => state === 'ESTABLISHED' && now?.spiInitiator !== before.ike?.spiInitiator,
    );
    await said(stage, 'rekey', TUNNEL, '--child', CHILD);
    const child = await stage.tunnelUntil(
      'another CHILD_SA',
      ({ children }) => children.length === 1 && children[0]?.spiIn !== before.children[0]?.spiIn,
    );
    const sa = await stage.sa();
    assert.equal(ike.ike?.spiInitiator, sa.values['initiator-spi']);
    const theirs = sa.children.filter(({ values }) => values.state === 'INSTALLED');
    const inward = Number.parseInt(child.children[0]?.spiIn ?? '', 16);
    assert.ok(theirs.some(({ values }) => Number.parseInt(String(values['spi-out']), 16) === inward));
    assert.match(await said(stage, 'status', TUNNEL), /1 rekey done/);
    await stage.carries();
    const wrong = await stage.culvert.cli(['rekey', TUNNEL, '--child', 'nothing']);
    assert.equal(wrong.code, FAILURES.NOT_FOUND);
  });

  await stage.step('log tells the story, bounded, as JSON too, and without a secret', async () => {
    const text = await said(stage, 'log', '--lines', '2000');
    for (const part of ['IKE_SA_INIT', 'IKE_AUTH', 'CREATE_CHILD_SA', 'ESTABLISHED'])
      assert.ok(text.includes(part), `${part} is not in the log`);
    assert.ok(!text.includes(PSK));
    assert.equal((await said(stage, 'log', '--lines', '3')).trimEnd().split('\n').length, 3);
    const { lines } = JSON.parse(await said(stage, 'log', '--lines', '5', '--json')) as { lines: unknown[] };
    assert.equal(lines.length, 5);
    await stage.disconnect();
  });
});

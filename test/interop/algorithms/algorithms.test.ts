/**
 * Every algorithm of the registry that strongSwan's plugins offer here, in IKE and in ESP: connect, ping, rekey with
 * PFS, ping again. What was proven so and what only by vectors is written to `engine/docs/algorithms.md`.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseProposal, printProposal } from '../../../engine/crypto/proposals.ts';
import { PLUGINS } from '../lab/charon.ts';
import { until } from '../lab/command.ts';
import { gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { ping } from '../lab/probe.ts';
import { CHILD, profile, TUNNEL } from '../lab/profile.ts';
import { type Stage, scenario } from '../lab/stage.ts';
import { algorithms, namesIn } from './offered.ts';
import { type Row, rows, table } from './rows.ts';

const DOCUMENT = fileURLToPath(new URL('../../../engine/docs/algorithms.md', import.meta.url));

function canonical(text: string, protocol: 'ike' | 'esp'): string {
  const parsed = parseProposal(text, protocol);
  assert.ok(parsed.ok, `${text}: ${parsed.ok ? '' : parsed.error.reason}`);
  return printProposal(parsed.value);
}

async function prove(stage: Stage, row: Row): Promise<void> {
  await stage.gateway.load(gatewayConf({ ike: row.ike, esp: row.esp }));
  const answer = await stage.culvert.upByCall(
    profile({ ike: row.ike, esp: row.esp, more: { allowLegacy: true } }),
  );
  if (!answer.ok) assert.fail(JSON.stringify(answer.failure));
  assert.equal(answer.tunnel.ike?.suite?.text, canonical(row.ike, 'ike'));
  // A loaded charon installs its side a moment after its answer; what comes before is lost.
  const carries = (when: string): Promise<true> =>
    until(`pings answered ${when}`, async () =>
      (await ping(stage.lab.client, ADDRESS.lan, { count: 3, wait: 1 })).lost === 0 ? true : undefined,
    );
  await carries('after connecting');
  await stage.culvert.rekey(TUNNEL, CHILD);
  const rekeyed = await stage.tunnelUntil('a rekeyed child', (now) => now.children[0]?.rekeysDone === 1);
  assert.equal(rekeyed.children[0]?.suite.text, canonical(row.esp, 'esp'));
  assert.notEqual(rekeyed.children[0]?.pfs, undefined);
  await carries('after the rekey');
  assert.equal((await stage.tunnel()).datapath?.drops.integrity ?? 0, 0);
  await stage.culvert.downByCall(TUNNEL);
}

scenario(
  'algorithms',
  async (stage) => {
    const listed = await stage.gateway.swanctl('--list-algs');
    const all = algorithms(namesIn(listed.stdout));
    assert.ok(all.filter((a) => a.offered).length > 60, listed.stdout);
    const proven = new Set<string>();
    for (const row of rows(all)) {
      await stage.step(`${row.ike} / ${row.esp}`, async () => {
        await prove(stage, row);
        for (const use of ['ike', 'esp'] as const)
          for (const a of row.parts[use]) proven.add(`${use}/${a.name}`);
      });
    }
    await stage.step('everything that the peer offers was proven; the table is written', async () => {
      const missing = all.flatMap((a) =>
        a.offered ? a.uses.map((use) => `${use}/${a.name}`).filter((name) => !proven.has(name)) : [],
      );
      assert.deepEqual(missing, []);
      const version = (await stage.gateway.swanctl('--version')).stdout.match(/\d+\.\d+\.\d+/)?.[0];
      mkdirSync(dirname(DOCUMENT), { recursive: true });
      writeFileSync(DOCUMENT, table(all, proven, `strongSwan ${version}`));
    });
  },
  // Private-use numbers are strongSwan's own, which it takes from its like alone: our vendor ID has to be enough.
  { settings: { load: `${PLUGINS} gcrypt` } },
);

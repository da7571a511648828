/** What the profile lacks is asked of the user: over the API and on the command line, answered, refused, late, called off. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PromptSnapshot } from '../../../engine/api/prompt.ts';
import { FAILURES } from '../../../engine/base/failure.ts';
import type { ProfileDocument } from '../../../engine/profile/schema.ts';
import { connectEngine } from '../../../engine/rpc/client.ts';
import { PASSWORD, USER } from '../lab/eap.ts';
import { byCertificate, gatewayConf, gatewayFiles } from '../lab/gateway.ts';
import { Authority } from '../lab/pki.ts';
import { GATEWAY_ID, profile, TUNNEL } from '../lab/profile.ts';
import { type Stage, scenario } from '../lab/stage.ts';

const tries = (stage: Stage, mark: number): number =>
  (stage.gateway.logSince(mark).match(/parsed IKE_AUTH request 1 /g) ?? []).length;

scenario('prompt', async (stage) => {
  const root = await Authority.root(join(stage.lab.folder, 'pki'), 'Laboratory root');
  const own = await root.leaf({ names: [`DNS:${GATEWAY_ID}`] });
  const load = (method: string): Promise<void> =>
    stage.gateway.load(
      {
        ...gatewayConf({
          local: byCertificate(),
          remote: { auth: method, eap_id: '%any' },
          connection: { send_cert: 'always' },
        }),
        secrets: { 'eap-carol': { id: USER, secret: PASSWORD } },
      },
      gatewayFiles(own, root.certificate),
    );
  const without = (eap: 'mschapv2' | 'gtc'): ProfileDocument =>
    profile({ auth: { eap, username: USER }, anchors: [root.certificate] });
  const client = await connectEngine(stage.culvert.socket);
  const begin = (document: ProfileDocument): Promise<unknown> => {
    const attempt = client.call('tunnel.up', { profile: { ...document }, wait: true }, { timeoutMs: 0 });
    attempt.catch(() => undefined);
    return attempt;
  };
  const question = async (after = 0): Promise<PromptSnapshot> => {
    const asks = (prompt: PromptSnapshot | undefined): boolean => prompt !== undefined && prompt.id > after;
    const { prompt } = await stage.tunnelUntil('a question', (tunnel) => asks(tunnel.prompt));
    return prompt as PromptSnapshot;
  };
  const answer = (prompt: PromptSnapshot, text: string): Promise<unknown> =>
    client.call('tunnel.answer', { name: TUNNEL, prompt: prompt.id, answer: text });

  await stage.step('EAP-MSCHAPv2: asked before the gateway hears of us; wrong, then right', async () => {
    await load('eap-mschapv2');
    const mark = stage.gateway.log().length;
    const attempt = begin(without('mschapv2'));
    const first = await question();
    assert.deepEqual([first.kind, first.user, first.problem], ['password', USER, undefined]);
    assert.ok(first.secondsLeft > 100);
    assert.equal(tries(stage, mark), 0);
    await answer(first, 'Ar3etTnq');
    const second = await question(first.id);
    assert.match(second.problem ?? '', /user name or password is wrong/);
    await answer(second, PASSWORD);
    await attempt;
    assert.equal((await stage.tunnel()).ike?.localAuth, 'EAP-MSCHAPv2');
    assert.equal(tries(stage, mark), 2);
    await stage.carries();
    await stage.disconnect();
  });

  await stage.step('EAP-GTC: the gateway asks, and waits for its answer', async () => {
    await load('eap-gtc');
    const attempt = begin(without('gtc'));
    const prompt = await question();
    assert.equal(prompt.kind, 'password');
    assert.match(prompt.text ?? '', /password/i);
    assert.ok(prompt.secondsLeft <= 25);
    await new Promise((resolve) => setTimeout(resolve, 8000));
    await answer(prompt, PASSWORD);
    await attempt;
    await stage.carries();
    await stage.disconnect();
  });

  await stage.step('EAP-GTC: nobody answers in time', async () => {
    await load('eap-gtc');
    const attempt = begin(without('gtc'));
    await question();
    await assert.rejects(attempt, /nobody gave the password of carol within 25 s/);
    await stage.unchanged();
    await stage.gatewayEmpty(15_000);
  });

  await stage.step('called off while the question stands', async () => {
    await load('eap-gtc');
    for (const method of ['mschapv2', 'gtc'] as const) {
      const attempt = begin(without(method));
      await question();
      await stage.culvert.down(TUNNEL);
      await assert.rejects(attempt, /cancelled/);
      await stage.unchanged();
    }
    await stage.gatewayEmpty(40_000);
  });

  await stage.step(
    'on the command line: --password-file, --no-prompt, and answered by another client',
    async () => {
      await load('eap-mschapv2');
      const folder = stage.lab.client.folder;
      const file = join(folder, 'prompt.json');
      writeFileSync(file, JSON.stringify(without('mschapv2')));
      const secret = join(folder, 'password');
      writeFileSync(secret, `${PASSWORD}\n`);
      const refused = await stage.culvert.cli(['up', file, '--wait', '--no-prompt']);
      assert.equal(refused.code, FAILURES.SECRET_NEEDED, refused.stderr);
      await stage.unchanged();
      const up = await stage.culvert.cli(['up', file, '--wait', '--password-file', secret]);
      assert.equal(up.code, 0, up.stderr);
      await stage.sa();
      await stage.disconnect();
      const attempt = begin(without('mschapv2'));
      await question();
      const answered = await stage.culvert.cli(['answer', TUNNEL, '--password-file', secret]);
      assert.equal(answered.code, 0, answered.stderr);
      await attempt;
      await stage.disconnect();
    },
  );

  client.close();
});

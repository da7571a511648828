/** The certificate doctor against a real gateway: it says what is wrong, and leaves nothing at either end. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { DoctorCheck, DoctorReport } from '../../../engine/api/doctor.ts';
import { FAILURES } from '../../../engine/base/failure.ts';
import type { ProfileDocument } from '../../../engine/profile/schema.ts';
import { byCertificate, gatewayConf, gatewayFiles } from '../lab/gateway.ts';
import { Authority } from '../lab/pki.ts';
import { CLIENT_ID, GATEWAY_ID, profile } from '../lab/profile.ts';
import { type Stage, scenario } from '../lab/stage.ts';

scenario('doctor', async (stage) => {
  const folder = join(stage.lab.folder, 'pki');
  const root = await Authority.root(folder, 'Laboratory root');
  const sub = await root.sub('Laboratory sub CA');
  const stranger = await Authority.root(folder, 'Root of a stranger');
  const client = await root.leaf({ names: [`DNS:${CLIENT_ID}`] });
  const gateway = await sub.leaf({ names: [`DNS:${GATEWAY_ID}`] });
  const usual = profile({ auth: client, anchors: [root.certificate] });
  const load = (own = gateway) =>
    stage.gateway.load(
      gatewayConf({ local: byCertificate(), remote: { auth: 'pubkey', cacerts: 'clients-root.pem' } }),
      gatewayFiles(own, root.certificate),
    );

  await stage.step('all is well, beside what the gateway has with us', async () => {
    await load();
    const { report, code } = await examine(stage, usual);
    assert.deepEqual(
      notPassed(report),
      [
        ['revocation', 'skipped'],
        ['clock', 'skipped'],
      ],
      text(report),
    );
    assert.equal(code, 0);
    assert.match(of(report, 'gateway-nat').text, /NAT in front of us/);
    assert.match(of(report, 'gateway-chain').text, /gw\.lab\.example".*sub CA".*Laboratory root"/);
    await stage.unchanged();
    await stage.gatewayEmpty();
  });

  await stage.step('a gateway of a stranger, with a certificate that is nearly over', async () => {
    await load(await stranger.leaf({ names: [`DNS:${GATEWAY_ID}`], validUntil: 5 }));
    const { report, code } = await examine(stage, usual);
    assert.equal(code, FAILURES.CHECKS_FAILED);
    assert.equal(of(report, 'gateway-answers').verdict, 'pass');
    assert.equal(of(report, 'gateway-chain').verdict, 'fail');
    assert.equal(of(report, 'gateway-dates').verdict, 'warn');
    assert.match(of(report, 'gateway-authentication').text, /PEER_CERTIFICATE/);
    await stage.unchanged();
    await stage.gatewayEmpty();
  });

  await stage.step('a certificate of ours that the gateway does not take', async () => {
    await load();
    const own = await stranger.leaf({ names: [`DNS:${CLIENT_ID}`] });
    const { report } = await examine(stage, profile({ auth: own, anchors: [root.certificate] }));
    assert.equal(of(report, 'chain-complete').verdict, 'warn');
    assert.equal(of(report, 'gateway-authentication').verdict, 'fail');
    assert.match(of(report, 'gateway-authentication').text, /AUTHENTICATION_FAILED/);
    await stage.unchanged();
  });

  await stage.step('from port 500 to a gateway that speaks other algorithms', async () => {
    await load();
    const other = profile({ auth: client, anchors: [root.certificate], ike: 'aes256-sha512-modp4096' });
    const { report, code } = await examine(stage, other);
    assert.equal(code, FAILURES.CHECKS_FAILED);
    assert.match(of(report, 'gateway-answers').text, /NO_PROPOSAL_CHOSEN/);
    await stage.unchanged();
  });

  await stage.step('the real connection works afterwards', async () => {
    await load();
    await stage.connect(usual);
    await stage.carries();
    await stage.disconnect();
  });
});

async function examine(
  { culvert }: Stage,
  document: ProfileDocument,
): Promise<{ readonly report: DoctorReport; readonly code: number }> {
  await culvert.store(document);
  const { code, stdout, stderr } = await culvert.cli(['doctor', document.name, '--connect', '--json']);
  assert.notEqual(stdout, '', stderr);
  return { report: JSON.parse(stdout) as DoctorReport, code };
}

function of(report: DoctorReport, id: string): DoctorCheck {
  const check = report.checks.find((one) => one.id === id);
  assert.ok(check, `no line ${id}: ${text(report)}`);
  return check;
}

const notPassed = ({ checks }: DoctorReport): (readonly [string, string])[] =>
  checks.filter(({ verdict }) => verdict !== 'pass').map(({ id, verdict }) => [id, verdict] as const);

const text = ({ checks }: DoctorReport): string =>
  checks.map((check) => `${check.verdict} ${check.id}: ${check.text}`).join('\n');

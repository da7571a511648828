/** The doctor as a whole: reads a document, asks a real gateway over the loopback interface, and leaves nothing behind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DoctorCheck, DoctorReport } from '../../../engine/api/doctor.ts';
import { doctorReportSchema } from '../../../engine/api/doctor.ts';
import { profileFor, setTheScene } from '../../../engine/demo/scene.ts';
import type { ProfileStorage } from '../../../engine/profile/storage.ts';

function storage(documents: Record<string, Record<string, unknown>>): ProfileStorage {
  return {
    list: async () => [],
    get: async (name) =>
      documents[name] && { name, document: documents[name] as Record<string, unknown>, savedAt: 0 },
    put: async () => undefined,
    remove: async () => false,
  };
}

const of = (report: DoctorReport, id: string): DoctorCheck => {
  const check = report.checks.find((one) => one.id === id);
  assert.ok(check, `no line ${id}`);
  return check;
};

test('asks the gateway and keeps nothing: no interface, no tunnel, no SA', async () => {
  const documents: Record<string, Record<string, unknown>> = {};
  let opened = 0;
  const scene = await setTheScene({ profiles: storage(documents), opened: () => void opened++ });
  try {
    documents.demo = { ...profileFor(scene, 'demo') };
    documents.wrong = {
      ...documents.demo,
      name: 'wrong',
      local: { id: 'roamer@demo', auth: { psk: 'another secret of good length' } },
    };
    documents.broken = { name: 'broken', gateway: {} };

    const offline = await scene.engine.doctor({ name: 'demo' });
    assert.equal(of(offline, 'gateway-answers').verdict, 'skipped');

    const report = await scene.engine.doctor({ name: 'demo', connect: true });
    doctorReportSchema.parse(report);
    for (const id of ['gateway-answers', 'gateway-nat', 'gateway-authentication', 'gateway-tunnel'])
      assert.equal(of(report, id).verdict, 'pass', of(report, id).text);
    assert.equal(opened, 0);
    assert.deepEqual(scene.engine.snapshot().tunnels, []);
    assert.equal(scene.gateway.leases, 0);

    const wrong = await scene.engine.doctor({ name: 'wrong', connect: true });
    assert.equal(of(wrong, 'gateway-answers').verdict, 'pass');
    assert.equal(of(wrong, 'gateway-authentication').verdict, 'fail');

    const broken = await scene.engine.doctor({ name: 'broken', connect: true });
    assert.deepEqual(
      broken.checks.map(({ id, verdict }) => [id, verdict]),
      [['profile', 'fail']],
    );
    await assert.rejects(scene.engine.doctor({ name: 'nobody' }), /no profile nobody/);

    await scene.engine.up({ profile: documents.demo, wait: true });
    const busy = of(await scene.engine.doctor({ name: 'demo', connect: true }), 'gateway-answers');
    assert.equal(busy.verdict, 'skipped');
    assert.match(busy.text, /tunnel is up/);
    for (const { text } of [...report.checks, ...wrong.checks])
      assert.ok(!text.includes(scene.psk) && !text.includes('another secret'), 'a secret is in the report');
  } finally {
    await scene.close();
  }
});

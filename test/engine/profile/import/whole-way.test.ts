/** From a file of an administrator to a profile that the engine takes: both halves of the import together. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { utf8 } from '../../../../engine/base/bytes.ts';
import { importBundle } from '../../../../engine/pki/bundle.ts';
import { PkiError } from '../../../../engine/pki/error.ts';
import { certificatePem, leafPem } from '../../../../engine/pki/pem.ts';
import { sealPkcs12 } from '../../../../engine/pki/pkcs12-write.ts';
import { openSignedData } from '../../../../engine/pki/signed-data.ts';
import { exportMobileconfig } from '../../../../engine/profile/export/mobileconfig.ts';
import { exportSswan } from '../../../../engine/profile/export/sswan.ts';
import { withCredentials } from '../../../../engine/profile/import/credentials.ts';
import { type ImportSources, importProfile } from '../../../../engine/profile/import/import-profile.ts';
import type { ImportedProfile } from '../../../../engine/profile/import/mapping.ts';
import type { ProfileDocument } from '../../../../engine/profile/schema.ts';
import { readProfile } from '../../../../engine/profile/validate.ts';
import { requireOrSkip } from '../../../support/require.ts';
import { issue } from '../../pki/fixtures.ts';
import { only } from './support.ts';

const unwrap: NonNullable<ImportSources['unwrap']> = (octets) => {
  try {
    const { content } = openSignedData(octets);
    return content ? { ok: true, value: content } : { ok: false, error: 'holds no content' };
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    return { ok: false, error: cause.message };
  }
};

async function setting() {
  const root = await issue({ subject: 'CN=Root', ca: true });
  const middle = await issue({ subject: 'CN=Middle', ca: true, issuer: root });
  const leaf = await issue({ subject: 'CN=leaf', issuer: middle });
  const document: ProfileDocument = {
    name: 'office',
    gateway: { hosts: ['gw.example.org'] },
    local: { id: 'me@example.org', auth: {} },
    remote: { id: 'gw.example.org', auth: 'pubkey', anchors: [root.pem] },
  };
  const own = { certificate: leaf.certificate, key: leaf.key, chain: [middle.certificate], name: 'me' };
  return { root, leaf, document, pkcs12: sealPkcs12(own, 'pass', 'legacy') };
}

/** Opens the bundles of a profile and puts them in, as a client of the engine does. */
function complete({ document, bundles }: ImportedProfile, passphrase: string): ProfileDocument {
  let done = document;
  for (const { octets, ours, foreign } of bundles) {
    const found = importBundle({ octets, field: foreign, ...(ours === 'local.auth' ? { passphrase } : {}) });
    const [leaf] = found.leaves;
    done = withCredentials(done, {
      ...(leaf ? { leaf: leafPem(leaf) } : {}),
      anchors: found.anchors.map(certificatePem),
    });
  }
  return done;
}

test('.sswan and .mobileconfig with an embedded PKCS#12 end in a profile without problems', async () => {
  const { document, pkcs12, leaf, root } = await setting();
  const files = [
    exportSswan(document, { uuid: 'a', pkcs12 }),
    exportMobileconfig(document, { uuid: () => 'a', pkcs12, withSecrets: false }),
  ];
  for (const file of files) {
    assert.ok(file.ok);
    const done = complete(only(file.value.text), 'pass');
    const read = readProfile(done);
    assert.ok(read.ok, JSON.stringify(read.ok ? '' : read.error));
    const { auth } = read.value.profile.local;
    assert.equal(auth.kind, 'pubkey');
    const back = importBundle({ octets: utf8(`${done.local.auth.certificate}${done.local.auth.key}`) });
    assert.ok(back.leaves[0]?.certificate.equals(leaf.certificate));
    assert.equal(done.local.auth.chain?.length, 1);
    assert.deepEqual(done.remote?.anchors, [certificatePem(root.certificate)]);
  }
});

test('a signed .mobileconfig is read, and refused when somebody changed it', async (t) => {
  if (!requireOrSkip(t, { commands: ['openssl'] })) return;
  const { document, pkcs12, leaf } = await setting();
  const file = exportMobileconfig(document, { uuid: () => 'a', pkcs12, withSecrets: false });
  assert.ok(file.ok);
  const folder = mkdtempSync(join(tmpdir(), 'culvert-signed-'));
  try {
    const at = (name: string): string => join(folder, name);
    writeFileSync(at('body'), file.value.text);
    writeFileSync(at('pem'), `${leaf.pem}\n${leaf.keyPem}`);
    const args = [
      'cms',
      '-sign',
      '-binary',
      '-nodetach',
      '-in',
      at('body'),
      '-signer',
      at('pem'),
      '-outform',
      'DER',
    ];
    const signed = new Uint8Array(execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'ignore'] }));
    assert.ok(readProfile(complete(only(signed, { unwrap }), 'pass')).ok);
    const changed = signed.slice();
    changed[Buffer.from(signed).indexOf('gw.example.org')] = 0x78;
    const refused = importProfile(changed, { unwrap });
    assert.equal(refused.ok ? '' : refused.error.code, 'signature');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('large files of nothing are refused soon', () => {
  const size = 2_000_000;
  for (const text of [
    `connections { a = "${'x'.repeat(size)}`,
    `connections { ${'\\\\'.repeat(size / 2)}`,
    `connections {\n${'a '.repeat(size / 2)}`,
    `connections {\n${'a {\n'.repeat(size / 4)}`,
    `connections { a : ${' '.repeat(size)}`,
    `connections ${' '.repeat(size)}`,
    `conn a\n${' also=a\n'.repeat(size / 8)}`,
    `conn ${' '.repeat(size)}`,
    `[vpn]\n${'[x]\n'.repeat(size / 4)}`,
    `[a]\nVpnStrategy=7\n${'='.repeat(size)}`,
    '<a>'.repeat(size / 3),
    `<plist>${'&amp;'.repeat(size / 5)}`,
    '{"a":'.repeat(size / 5),
    `{"type":"ikev2-cert","name":"${'-'.repeat(size - 100)}","remote":{}}`,
  ]) {
    const start = process.hrtime.bigint();
    importProfile(utf8(text));
    const spent = Number(process.hrtime.bigint() - start) / 1e6;
    assert.ok(spent < 3000, `${text.slice(0, 40)} took ${spent} ms`);
  }
});

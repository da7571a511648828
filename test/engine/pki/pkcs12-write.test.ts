/** What we write, we and OpenSSL can open. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { importBundle } from '../../../engine/pki/bundle.ts';
import { PkiError } from '../../../engine/pki/error.ts';
import { sealPkcs12 } from '../../../engine/pki/pkcs12-write.ts';
import { requireOrSkip } from '../../support/require.ts';
import { issue } from './fixtures.ts';

const PASSPHRASE = 'pässwörd€';

for (const strength of ['modern', 'legacy'] as const)
  for (const kind of ['p256', 'rsa2048', 'ed25519'] as const)
    test(`${strength}, ${kind}`, async (t) => {
      const root = await issue({ subject: 'CN=Root', ca: true });
      const middle = await issue({ subject: 'CN=Middle', ca: true, issuer: root });
      const leaf = await issue({ subject: 'CN=leaf', issuer: middle, kind });
      const chain = [middle.certificate, root.certificate];
      const input = { certificate: leaf.certificate, key: leaf.key, chain, name: 'Büro' };
      const octets = sealPkcs12(input, PASSPHRASE, strength);
      const bundle = importBundle({ octets, passphrase: PASSPHRASE });
      assert.deepEqual(bundle.warnings, []);
      assert.deepEqual(
        bundle.leaves.map((one) => [one.certificate.label, one.name, one.chain.length]),
        [['CN=leaf', 'Büro', 1]],
      );
      assert.ok(bundle.leaves[0]?.key.belongsTo(leaf.certificate));
      assert.throws(() => importBundle({ octets, passphrase: 'x' }), PkiError);
      assert.throws(() => sealPkcs12({ ...input, key: root.key }, PASSPHRASE, strength), /does not belong/);
      assert.throws(() => sealPkcs12(input, '', strength), /needs a passphrase/);
      if (!requireOrSkip(t, { commands: ['openssl'] })) return;
      const args = [
        'pkcs12',
        '-nodes',
        '-passin',
        `pass:${PASSPHRASE}`,
        ...(strength === 'legacy' ? ['-legacy'] : []),
      ];
      const { stdout, status, stderr } = spawnSync('openssl', args, { input: octets, encoding: 'utf8' });
      assert.equal(status, 0, stderr);
      assert.equal(stdout.match(/BEGIN CERTIFICATE/g)?.length, 3);
      assert.match(stdout, /BEGIN PRIVATE KEY/);
    });

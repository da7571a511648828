/** `culvert import` and `culvert profiles export` against the real importer behind a served socket. */
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ImportDraft } from '../../../engine/api/import.ts';
import { FAILURES, type Failure } from '../../../engine/base/failure.ts';
import { createImporter } from '../../../engine/importer.ts';
import { systemScheduler } from '../../../engine/os/scheduler.ts';
import { Imports } from '../../../engine/tunnel/imports.ts';
import { PASSPHRASE, pki } from '../importer/support.ts';
import { issue } from '../pki/fixtures.ts';
import { folder, serve } from '../rpc/wire.ts';
import { type Ran, run } from './command.ts';

async function setting(t: TestContext) {
  const { engine, path } = await serve(t);
  const stored = new Map<string, Record<string, unknown>>();
  const imports = new Imports({
    scheduler: systemScheduler(),
    importer: createImporter(),
    add: async ({ profile }) => {
      stored.set(String(profile.name), { ...profile });
      return { name: String(profile.name), warnings: ['mind the gap'] };
    },
    stored: async (name) => stored.get(name) ?? {},
  });
  t.after(() => imports.close());
  engine.imports = imports;
  const home = folder(t);
  const at = (name: string): string => join(home, name);
  return {
    stored,
    at,
    write: (name: string, content: string | Uint8Array): string => {
      writeFileSync(at(name), content);
      return at(name);
    },
    culvert: (...args: string[]): Promise<Ran> => run([...args, '--socket', path]),
  };
}

test('a PKCS#12 file: asks for what it needs one line at a time, then stores', async (t) => {
  const { stored, write, culvert } = await setting(t);
  const { pkcs12, leaf, root } = await pki();
  const bundle = write('alice.bin', pkcs12);
  const locked = await culvert('import', bundle);
  assert.equal(locked.code, FAILURES.LOCAL_CREDENTIALS);
  assert.match(
    locked.stderr,
    /^culvert: LOCAL_CREDENTIALS \(passphrase-needed\): alice\.bin wants a passphrase\n$/,
  );
  const wrong = await culvert('import', bundle, '--passphrase-file', write('p', 'no\n'), '--json');
  assert.equal(wrong.code, FAILURES.LOCAL_CREDENTIALS);
  assert.equal((JSON.parse(wrong.stdout) as { error: Failure }).error.check, 'wrong-passphrase');
  const good = write('q', `${PASSPHRASE}\n`);
  const nowhere = await culvert('import', bundle, '--passphrase-file', good);
  assert.equal(nowhere.code, FAILURES.USAGE);
  assert.match(nowhere.stderr, /name the gateway with --gateway\n$/);
  const dry = await culvert('import', bundle, '--passphrase-file', good, '--dry-run');
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(
    dry.stdout,
    /yours\s+C=CH, O=Example, CN=Alice\n\s+issued by CN=Middle\n\s+ECDSA P-256, valid 2026/,
  );
  assert.match(dry.stdout, /CA\s+CN=Root\n/);
  assert.ok(dry.stdout.includes((root.certificate.fingerprint.match(/../g) ?? []).join(':')));
  assert.equal(stored.size, 0);
  const done = await culvert(
    'import',
    bundle,
    '--passphrase-file',
    good,
    '--gateway',
    'gw',
    '--name',
    'mine',
  );
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /stored mine\n$/);
  assert.match(done.stderr, /warning: mind the gap/);
  assert.ok(!done.stdout.includes('PRIVATE') && !done.stdout.includes(PASSPHRASE));
  const { local } = stored.get('mine') as { local: { id: string; auth: { certificate: string } } };
  assert.equal(local.id, 'alice@example.org');
  assert.match(local.auth.certificate, /BEGIN CERTIFICATE/);
  assert.ok(leaf.certificate);
});

test('several leaves and several CAs are chosen by fingerprint or subject', async (t) => {
  const { stored, write, culvert } = await setting(t);
  const { leaf, root, middle } = await pki();
  const bob = await issue({ subject: 'CN=Bob', issuer: root });
  const files = [
    write('a', leaf.pem + leaf.keyPem + middle.pem + root.pem),
    write('b', bob.pem + bob.keyPem),
  ];
  const open = await culvert('import', ...files, '--gateway', 'gw');
  assert.equal(open.code, FAILURES.PROFILE_INVALID);
  assert.match(open.stderr, /leaf: choose one of/);
  const none = await culvert('import', ...files, '--gateway', 'gw', '--leaf', 'Carol');
  assert.match(none.stderr, /--leaf Carol: there is no such certificate among .*Alice.*Bob/);
  const both = await culvert('import', ...files, '--gateway', 'gw', '--leaf', 'CN=');
  assert.match(both.stderr, /it means several of/);
  const fingerprint = bob.certificate.fingerprint
    .toUpperCase()
    .replaceAll(/(..)(?=.)/g, '$1:')
    .slice(0, 23);
  const chosen = await culvert(
    ...['import', ...files, '--gateway', 'gw', '--leaf', fingerprint, '--trust', 'none', '--json'],
  );
  assert.equal(chosen.code, 0, chosen.stderr);
  const { stored: names, draft } = JSON.parse(chosen.stdout) as { stored: string[]; draft: ImportDraft };
  assert.deepEqual([names, draft.leaves.length], [['Bob'], 2]);
  assert.deepEqual(stored.get('Bob')?.remote, { auth: 'pubkey' });
});

test('swanctl.conf with its files and secrets: every connection, its report, its failures', async (t) => {
  const { stored, write, culvert } = await setting(t);
  const conf = write(
    'swanctl.conf',
    `connections {
      a { remote_addrs = gw.example.org
        rekey_time = 4h
        local { auth = psk
          id = me } remote { auth = psk
          id = gw } }
      b { remote_addrs = gw2.example.org
        local { auth = psk } remote { auth = psk } }
    }`,
  );
  const secrets = write('more', 'secrets { ike-x { secret = "a secret of the two" } }');
  const done = await culvert('import', conf, '--secrets', secrets);
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /profile a \(swanctl\.conf\)\n/);
  assert.match(done.stdout, /taken {7}connections\.a\.remote_addrs → gateway\.hosts\n/);
  assert.match(done.stdout, /changed {5}connections\.a\.rekey_time → ike\.lifetime: a hard end/);
  assert.match(done.stdout, /stored a, b\n$/);
  assert.ok(!done.stdout.includes('a secret of the two'));
  assert.deepEqual(stored.get('b')?.local, { auth: { psk: 'a secret of the two' } });
  stored.clear();
  await culvert('import', conf, secrets, '--profile', 'b', '--name', 'only');
  assert.deepEqual([...stored.keys()], ['only']);
  assert.equal((await culvert('import', conf, '--profile', 'c')).code, FAILURES.USAGE);
  assert.equal((await culvert('import', write('junk', 'hello'))).code, FAILURES.PROFILE_INVALID);
  assert.equal((await culvert('import', `${conf}.none`)).code, FAILURES.NOT_FOUND);
});

test('export writes a file for the user alone, and says what was left out', async (t) => {
  const { stored, at, write, culvert } = await setting(t);
  stored.set('office', {
    name: 'office',
    gateway: { hosts: ['gw.example.org'] },
    local: { auth: { psk: 'a secret of the two' } },
    dpd: { delay: 30 },
  });
  const bare = await culvert('profiles', 'export', 'office', '--format', 'gateway');
  assert.equal(bare.code, 0, bare.stderr);
  assert.match(bare.stdout, /^# The gateway.*\nconnections \{/);
  assert.match(bare.stderr, /not mapped\s+dpd: what is left of it/);
  const file = at('office.json');
  const sealed = await culvert(
    ...['profiles', 'export', 'office', '--format', 'culvert'],
    ...['--passphrase-file', write('p', 'seal'), '-o', file],
  );
  assert.equal(sealed.stdout, `wrote ${file}\n`);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.ok(!readFileSync(file, 'utf8').includes('a secret of the two'));
  stored.clear();
  const back = await culvert('import', file, '--passphrase-file', at('p'));
  assert.equal(back.code, 0, back.stderr);
  assert.deepEqual(stored.get('office')?.local, { auth: { psk: 'a secret of the two' } });
  const odd = await culvert('profiles', 'export', 'office', '--format', 'odd');
  assert.match(odd.stderr, /--format odd: must be culvert, sswan, mobileconfig, gateway/);
  const refused = await culvert('profiles', 'export', 'office', '--format', 'sswan');
  assert.equal(refused.code, FAILURES.PROFILE_INVALID);
  assert.match(refused.stderr, /no pre-shared keys/);
});

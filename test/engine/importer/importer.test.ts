/** Files of one drop, from what an administrator hands out to the document that is stored. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importDraftSchema } from '../../../engine/api/import.ts';
import { utf8 } from '../../../engine/base/bytes.ts';
import { createImporter } from '../../../engine/importer.ts';
import { importBundle } from '../../../engine/pki/bundle.ts';
import { profileRules } from '../../../engine/profile-rules.ts';
import { issue } from '../pki/fixtures.ts';
import { chosen, file, open, PASSPHRASE, pki, refusal } from './support.ts';

const RULES = profileRules(
  () => Date.parse('2026-06-01T00:00:00Z'),
  () => undefined,
);

/** As the engine does before it stores. */
function compiles(document: object): void {
  RULES.compile({ ...document }).wipe();
}

test('a PKCS#12 file alone: locked, wrong passphrase, then a profile of the gateway that is named', async () => {
  const { pkcs12, leaf, root, middle } = await pki();
  const draft = await open([file('anything.txt', pkcs12)]);
  assert.deepEqual(draft.view().locked, ['anything.txt']);
  assert.equal(draft.view().wrongPassphrase, false);
  const early = await refusal(() => chosen(draft, { gateway: 'gw.example.org' }));
  assert.deepEqual([early.code, early.check], ['LOCAL_CREDENTIALS', 'passphrase-needed']);
  await draft.unlock('wrong');
  assert.deepEqual([draft.view().locked.length, draft.view().wrongPassphrase], [1, true]);
  await draft.unlock(PASSPHRASE);
  const view = draft.view();
  importDraftSchema.parse({ draft: 1, secondsLeft: 1, ...view });
  assert.deepEqual([view.locked, view.wrongPassphrase, view.profiles], [[], false, []]);
  assert.deepEqual(
    [view.leaves, view.chain, view.anchors].map((list) => list.map((one) => one.fingerprint)),
    [[leaf], [middle], [root]].map((list) => list.map((one) => one.certificate.fingerprint)),
  );
  assert.equal(view.leaves[0]?.key, 'ECDSA P-256');
  assert.equal(view.leaves[0]?.hasKey, true);
  assert.ok(!JSON.stringify(view).includes('PRIVATE'));
  assert.equal((await refusal(() => chosen(draft))).code, 'USAGE');
  const document = chosen(draft, { gateway: 'gw.example.org', remoteId: 'C=CH, CN=gw' });
  assert.equal(document.name, 'Alice');
  assert.equal(document.local.id, 'alice@example.org');
  assert.equal(document.remote?.id, 'C=CH, CN=gw');
  assert.deepEqual(
    document.remote?.anchors,
    [root.pem].map((pem) => expectPem(document.remote?.anchors, pem)),
  );
  assert.equal(document.local.auth.chain?.length, 1);
  compiles(document);
});

/** PEM texts may differ in their line ends. */
function expectPem(actual: string | readonly string[] | undefined, pem: string): string {
  const [text] = typeof actual === 'string' ? [actual] : (actual ?? []);
  const [a, b] = [text ?? '', pem].map((one) => importBundle({ octets: utf8(one) }).anchors[0]);
  assert.ok(a && b?.equals(a));
  return text ?? '';
}

test('an empty passphrase opens what is sealed with one, and nothing else', async () => {
  const { pkcs12, leaf } = await pki();
  const draft = await open([file('a', pkcs12)], '');
  assert.deepEqual([draft.view().locked.length, draft.view().wrongPassphrase], [1, true]);
  const plain = await open([file('leaf', `${leaf.pem}\n${leaf.keyPem}`)], '');
  assert.deepEqual([plain.view().locked, plain.view().wrongPassphrase], [[], false]);
});

test('several leaves are offered for choice, and only the chosen one goes in', async () => {
  const { leaf, root, middle } = await pki();
  const other = await issue({ subject: 'CN=Bob', issuer: root });
  const draft = await open(
    [leaf.pem, leaf.keyPem, other.pem, other.keyPem, middle.pem, root.pem].map((pem, i) => file(`${i}`, pem)),
  );
  assert.deepEqual(
    draft
      .view()
      .leaves.map(({ subject }) => subject)
      .sort(),
    ['C=CH, O=Example, CN=Alice', 'CN=Bob'],
  );
  const refused = await refusal(() => chosen(draft, { gateway: 'gw' }));
  assert.equal(refused.code, 'PROFILE_INVALID');
  assert.match(refused.message, /choose one of .*CN=Alice.*"CN=Bob"/);
  const document = chosen(draft, { gateway: 'gw', leaf: other.certificate.fingerprint });
  assert.equal(document.name, 'Bob');
  assert.equal(document.local.id, undefined);
  compiles(document);
  const unknown = await refusal(() => chosen(draft, { gateway: 'gw', leaf: '0'.repeat(64) }));
  assert.equal(unknown.code, 'USAGE');
});

test('only the CAs that the user trusts go in', async () => {
  const { leaf, root, middle } = await pki();
  const foreign = await issue({ subject: 'CN=Another root', ca: true });
  const draft = await open([
    file('chain.pem', leaf.pem + middle.pem + root.pem + foreign.pem),
    file('key.pem', leaf.keyPem),
  ]);
  const all = chosen(draft, { gateway: 'gw' }).remote?.anchors;
  assert.equal(all?.length, 2);
  const one = chosen(draft, { gateway: 'gw', trust: [foreign.certificate.fingerprint] }).remote?.anchors;
  assert.ok(importBundle({ octets: utf8(String(one)) }).anchors[0]?.equals(foreign.certificate));
  assert.equal(chosen(draft, { gateway: 'gw', trust: [] }).remote?.anchors, undefined);
  assert.equal(
    (await refusal(() => chosen(draft, { gateway: 'gw', trust: ['1'.repeat(64)] }))).code,
    'USAGE',
  );
});

const SWANCTL = `
connections {
  office {
    remote_addrs = gw.example.org
    vips = 0.0.0.0
    local { auth = pubkey
      certs = alice.pem
      id = alice@example.org }
    remote { id = gw.example.org
      cacerts = /etc/swanctl/x509ca/ROOT.pem }
    children { net { remote_ts = 10.0.0.0/8 } }
  }
}
secrets { private-a { file = alice.key
  secret = "${PASSPHRASE}" } }
`;

test('a profile that names files takes those of the drop, by their base name', async () => {
  const { leaf, root, middle } = await pki();
  const other = await issue({ subject: 'CN=Bob', issuer: root });
  const foreign = await issue({ subject: 'CN=Another root', ca: true });
  const files = [
    file('swanctl.conf', SWANCTL),
    file('alice.pem', leaf.pem),
    file('alice.key', leaf.keyPem),
    file('bob.pem', other.pem + other.keyPem),
    file('middle.pem', middle.pem),
    file('foreign.pem', foreign.pem),
  ];
  const without = await open(files);
  assert.ok(without.view().notes.some((note) => note.includes('/etc/swanctl/x509ca/ROOT.pem')));
  const refused = await refusal(() => chosen(without));
  assert.match(refused.message, /names the file \/etc\/swanctl\/x509ca\/ROOT\.pem/);
  const draft = await open([...files, file('C:\\Users\\a\\root.PEM', root.pem)]);
  const view = draft.view();
  assert.deepEqual(
    [view.profiles.length, view.profiles[0]?.format, view.leaves.length, view.anchors.length],
    [1, 'swanctl.conf', 2, 2],
  );
  const document = chosen(draft);
  compiles(document);
  assert.deepEqual(document.local.auth.passphrase, undefined);
  // What clients see of it has no secret.
  const shown = JSON.stringify(view);
  assert.ok(!shown.includes(PASSPHRASE) && !shown.includes('PRIVATE KEY'));
  assert.match(shown, /"key":"\*\*\*"/);
  const back = importBundle({ octets: utf8(`${document.local.auth.certificate}${document.local.auth.key}`) });
  assert.ok(back.leaves[0]?.certificate.equals(leaf.certificate));
  // The profile's own word on trust is not widened by what else was dropped.
  assert.deepEqual(document.remote?.anchors?.length, 1);
  assert.ok(
    importBundle({ octets: utf8(String(document.remote?.anchors)) }).anchors[0]?.equals(root.certificate),
  );
});

test('a key of ipsec.d and a P12 of swanctl open with the passphrase that stands in the secrets', async () => {
  const { leaf, root, pkcs12 } = await pki();
  const sealed = leaf.key.expose().export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: PASSPHRASE,
  });
  const ipsec = await open([
    file('ipsec.conf', 'conn a\n  right=gw.example.org\n  leftcert=a.pem\n  leftsourceip=%config\n'),
    file('ipsec.secrets', `: RSA a.key "${PASSPHRASE}"\n`),
    file('a.pem', leaf.pem),
    file('a.key', sealed.toString()),
    file('ca.pem', root.pem),
  ]);
  assert.deepEqual(ipsec.view().locked, []);
  compiles(chosen(ipsec));
  const swanctl = await open([
    file('a.conf', 'connections { a { remote_addrs = gw\n local { auth = pubkey\n} remote { id = gw\n} } }'),
    file('b.conf', `secrets { pkcs12-a { file = a.p12\n secret = "${PASSPHRASE}"\n } }`),
    file('a.p12', pkcs12),
  ]);
  assert.deepEqual(swanctl.view().locked, []);
  const document = chosen(swanctl, { username: 'ignored' });
  assert.equal(document.local.auth.username, 'ignored');
  compiles(chosen(swanctl));
});

test('a pre-shared key that is not in the file comes from the user', async () => {
  const draft = await open([
    file(
      'a',
      'connections { a { remote_addrs = gw\n local { auth = psk\n id = me } remote { auth = psk\n id = gw } } }',
    ),
  ]);
  assert.equal(draft.view().anchors.length, 0);
  const document = chosen(draft, { password: 'twenty characters of it', name: 'b', gateway: '192.0.2.1' });
  assert.deepEqual(document.local.auth, { psk: 'twenty characters of it' });
  assert.equal(document.esp?.rehearsal, true);
  assert.deepEqual([document.name, document.gateway.hosts], ['b', ['192.0.2.1']]);
  compiles(document);
});

test('a user name and a password go to the round that is EAP', async () => {
  const conf = (first: string, second: string) =>
    open([
      file(
        'a',
        `connections { a { remote_addrs = gw\n local { auth = ${first} } ${second} remote { auth = pubkey\n id = gw } } }
         secrets { ike { secret = twenty characters of it } }`,
      ),
    ]);
  const login = { username: 'carol', password: 'secret' };
  const two = chosen(await conf('psk', 'local-2 { auth = eap-gtc }'), login);
  assert.deepEqual(two.local, {
    auth: { psk: 'twenty characters of it' },
    auth2: { eap: ['gtc'], ...login },
  });
  const one = chosen(await conf('eap-gtc', ''), login);
  assert.deepEqual(one.local, { auth: { eap: ['gtc'], ...login } });
});

test('a CA and a user name make a profile of EAP-MSCHAPv2', async () => {
  const { root } = await pki();
  const draft = await open([file('ca', root.der)]);
  assert.equal(draft.view().leaves.length, 0);
  const document = chosen(draft, { gateway: 'gw.example.org', username: 'carol', password: 'secret' });
  assert.deepEqual(document.local.auth, { eap: ['mschapv2'], username: 'carol', password: 'secret' });
  compiles(document);
});

test('what is of no use is noted, and refused when it is all there is', async () => {
  const { root } = await pki();
  const draft = await open([file('ca', root.pem), file('junk', 'hello'), file('b.sswan', '{"a":')]);
  assert.ok(draft.view().notes.some((note) => note.startsWith('junk ')));
  assert.ok(draft.view().notes.some((note) => note.startsWith('b.sswan is not well-formed JSON')));
  const refused = await refusal(() => open([file('junk', 'hello'), file('zeros', new Uint8Array(40))]));
  assert.equal(refused.code, 'PROFILE_INVALID');
  assert.match(refused.message, /^junk /);
  assert.equal(refused.advice?.length, 1);
  const large = await refusal(() => open([0, 1].map((i) => file(`${i}`, new Uint8Array(600_000)))));
  assert.equal(large.code, 'USAGE');
});

test('export: our own format round trip, sealed and without secrets', async () => {
  const { pkcs12 } = await pki();
  const source = await open([file('a', pkcs12)], PASSPHRASE);
  const document = chosen(source, { gateway: 'gw.example.org' });
  const importer = createImporter();
  const named = { name: 'Alice', format: 'culvert' } as const;
  const sealed = await importer.export({ ...document }, { ...named, passphrase: 'seal' });
  assert.equal(sealed.fileName, 'Alice.culvert.json');
  assert.ok(!Buffer.from(sealed.content, 'base64').toString().includes('PRIVATE KEY'));
  const draft = await open([{ name: 'x', content: sealed.content }]);
  assert.deepEqual(draft.view().locked, ['x']);
  await draft.unlock('no');
  assert.equal(draft.view().wrongPassphrase, true);
  await draft.unlock('seal');
  assert.deepEqual(chosen(draft), document);
  const open2 = await importer.export({ ...document }, named);
  const bare = await open([{ name: 'x', content: open2.content }]);
  assert.equal((await refusal(() => compiles(chosen(bare)))).code, 'PROFILE_INVALID');
});

test('export: .sswan and .mobileconfig with the key under the passphrase, read back', async () => {
  const { pkcs12, leaf } = await pki();
  const document = chosen(await open([file('a', pkcs12)], PASSPHRASE), { gateway: 'gw.example.org' });
  for (const format of ['sswan', 'mobileconfig'] as const) {
    const bare = await createImporter().export({ ...document }, { name: 'Alice', format });
    assert.ok(bare.report.some(({ kind, ours }) => kind === 'unmapped' && ours === 'local.auth'));
    const { content } = await createImporter().export(
      { ...document },
      { name: 'Alice', format, passphrase: 'seal' },
    );
    const draft = await open([{ name: 'x', content }]);
    assert.equal(draft.view().locked.length, 1);
    await draft.unlock('seal');
    assert.deepEqual(draft.view().leaves[0]?.fingerprint, leaf.certificate.fingerprint);
    const back = chosen(draft);
    assert.equal(back.remote?.anchors?.length, 1);
    compiles(back);
  }
});

test('a forgotten draft gives nothing away', async () => {
  const { pkcs12 } = await pki();
  const draft = await open([file('a', pkcs12)], PASSPHRASE);
  draft.wipe();
  assert.equal((await refusal(() => chosen(draft, { gateway: 'gw' }))).code, 'NOT_FOUND');
  assert.deepEqual(draft.view().leaves, []);
});

/** Our own format: secrets left out or sealed, and bound to the profile they belong to. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../../../engine/base/bytes.ts';
import { passphraseCipher } from '../../../../engine/os/crypto/passphrase-cipher.ts';
import {
  exportSealed,
  exportWithoutSecrets,
  openOwnFormat,
} from '../../../../engine/profile/export/own-format.ts';
import { importProfile } from '../../../../engine/profile/import/import-profile.ts';
import type { ImportedProfile } from '../../../../engine/profile/import/mapping.ts';
import type { ProfileDocument } from '../../../../engine/profile/schema.ts';

const DOCUMENT: ProfileDocument = {
  gateway: { hosts: ['gw.example.org'] },
  local: { id: 'me@example.org', auth: { psk: 'the pre-shared key itself' } },
  remote: { psk: 'another one of these keys' },
  name: 'office',
  children: { '2': { remote: ['10.0.0.0/8'] }, '1': {} },
};

function back(text: string): ImportedProfile {
  const result = importProfile(utf8(text));
  assert.ok(result.ok && result.value.format === 'culvert');
  return result.value.profiles[0] as ImportedProfile;
}

test('without secrets', () => {
  const text = exportWithoutSecrets(DOCUMENT);
  assert.ok(!text.includes('pre-shared') && !text.includes('another one'));
  const { document, sealed } = back(text);
  assert.equal(sealed, undefined);
  assert.deepEqual(document, {
    ...DOCUMENT,
    local: { id: 'me@example.org', auth: {} },
    remote: {},
  });
});

test('sealed, opened again, and not opened by another passphrase or for another gateway', async () => {
  const text = await exportSealed(DOCUMENT, 'correct horse', passphraseCipher);
  assert.ok(text.ok);
  assert.ok(!text.value.includes('pre-shared') && !text.value.includes('another one'));
  const own = back(text.value);
  assert.ok(own.sealed);
  const sealed = own.sealed;
  assert.ok(own.report.some((line) => line.foreign === 'secrets'));
  const opened = await openOwnFormat({ document: own.document, sealed }, 'correct horse', passphraseCipher);
  assert.ok(opened.ok);
  assert.deepEqual(opened.value, DOCUMENT);
  const wrong = await openOwnFormat({ document: own.document, sealed }, 'wrong horse', passphraseCipher);
  assert.match(wrong.ok ? '' : wrong.error, /does not open/);
  const elsewhere = back(text.value.replace('gw.example.org', 'gw.example.com'));
  const moved = await openOwnFormat(
    { document: elsewhere.document, sealed },
    'correct horse',
    passphraseCipher,
  );
  assert.equal(moved.ok, false);
});

test('a seal that asks for endless work is refused at once', async () => {
  const text = await exportSealed(DOCUMENT, 'x', passphraseCipher);
  assert.ok(text.ok);
  for (const change of ['"N": 1073741824', '"N": 65537', '"N": 1']) {
    const own = back(text.value.replace('"N": 65536', change));
    const opened = await openOwnFormat({ document: own.document, sealed: own.sealed }, 'x', passphraseCipher);
    assert.equal(opened.ok, false, change);
  }
  assert.equal(importProfile(utf8(text.value.replace('aes-256-gcm', 'rot13'))).ok, false);
  assert.equal(importProfile(utf8(text.value.replace('"version": 1', '"version": 2'))).ok, false);
  assert.equal((await exportSealed(DOCUMENT, '', passphraseCipher)).ok, false);
});

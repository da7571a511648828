/** Settings: kept whole, read with care, and the autostart entry that one of them makes. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { autostartEntry, quoteExec, setLoginItem } from '../../electron/settings/login-item.ts';
import { changeSchema, DEFAULTS } from '../../electron/settings/schema.ts';
import { openSettings } from '../../electron/settings/store.ts';
import { languageOf } from '../../electron/text/texts.ts';

const folder = mkdtempSync(join(tmpdir(), 'culvert-settings-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('a change is on disk when it is answered, for nobody else to read', () => {
  const path = join(folder, 'a', 'settings.json');
  const store = openSettings(path);
  assert.deepEqual(store.get(), DEFAULTS);
  store.change({ language: 'de', notifications: 'none' });
  assert.deepEqual(openSettings(path).get(), { ...DEFAULTS, language: 'de', notifications: 'none' });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(join(folder, 'a')), ['settings.json']);
});

test('a file system that refuses leaves the old settings in force', () => {
  const path = join(folder, 'blocked');
  writeFileSync(path, '');
  const store = openSettings(join(path, 'settings.json'));
  assert.throws(() => store.change({ language: 'de' }));
  assert.deepEqual(store.get(), DEFAULTS);
});

test('one bad field takes its default and spoils no other', () => {
  const path = join(folder, 'mixed.json');
  writeFileSync(path, JSON.stringify({ language: 'xx', appearance: 'dark', startAtLogin: 'yes', later: 1 }));
  assert.deepEqual(openSettings(path).get(), { ...DEFAULTS, appearance: 'dark' });
});

test('any file content gives settings', () => {
  const path = join(folder, 'any.json');
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      writeFileSync(path, text);
      assert.deepEqual(Object.keys(openSettings(path).get()).sort(), Object.keys(DEFAULTS).sort());
    }),
    { numRuns: 50 },
  );
});

test('a change names known fields only', () => {
  assert.equal(changeSchema.safeParse({ language: 'de' }).success, true);
  for (const change of [
    { language: 'xx' },
    { unknown: 1 },
    { startAtLogin: 1 },
    null,
    [],
    'x',
    { language: undefined },
  ])
    assert.equal(changeSchema.safeParse(change).success, false, JSON.stringify(change));
});

test('the autostart entry comes and goes', () => {
  const entry = join(folder, 'config', 'autostart', 'culvert.desktop');
  const options = {
    app: { setLoginItemSettings: () => assert.fail('not on Linux') },
    platform: 'linux',
    env: { XDG_CONFIG_HOME: join(folder, 'config') },
    execPath: '/opt/Culvert/culvert-desktop',
  } as const;
  setLoginItem(true, options);
  assert.equal(readFileSync(entry, 'utf8'), autostartEntry(options.execPath));
  assert.match(autostartEntry(options.execPath), /^Exec="\/opt\/Culvert\/culvert-desktop" --hidden$/m);
  setLoginItem(false, options);
  assert.equal(existsSync(entry), false);
});

test('a strange path is quoted as the specification says', () => {
  assert.equal(quoteExec('/opt/100%/a"b$c'), '"/opt/100%%/a\\\\"b\\\\$c"');
});

test('elsewhere the system keeps the login item', () => {
  const calls: unknown[] = [];
  const app = { setLoginItemSettings: (settings: unknown): void => void calls.push(settings) };
  setLoginItem(true, { app, platform: 'win32', env: {}, execPath: 'x' });
  assert.deepEqual(calls, [{ openAtLogin: true, args: ['--hidden'] }]);
});

test('the language is the chosen one, else the first of the system that we have', () => {
  assert.equal(languageOf('ar', ['de']), 'ar');
  assert.equal(languageOf('system', ['fr-FR', 'de-AT', 'en']), 'de');
  assert.equal(languageOf('system', ['fr']), 'en');
});

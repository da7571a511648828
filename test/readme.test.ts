/** What the README shows a newcomer is true: its profile is accepted, its commands and folders exist. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { utf8 } from '../engine/base/bytes.ts';
import { ok } from '../engine/base/result.ts';
import { readProfile } from '../engine/profile/validate.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

test('the profile is accepted without a warning', () => {
  const json = /```json\n([\s\S]+?)```/.exec(readme)?.[1];
  assert.ok(json);
  const named: string[] = [];
  const result = readProfile(JSON.parse(json), (path) => {
    named.push(path);
    const kind = path.endsWith('.key') ? 'PRIVATE KEY' : 'CERTIFICATE';
    return ok(utf8(`-----BEGIN ${kind}-----\nAA==\n-----END ${kind}-----\n`));
  });
  assert.ok(result.ok, JSON.stringify(result));
  assert.deepEqual(result.value.warnings, []);
  assert.deepEqual(named.sort(), ['anna.key', 'anna.pem', 'example-ca.pem']);
});

test('every npm script it names exists', () => {
  const named = [
    ...readme.matchAll(/npm (?:run (?:-s )?)?(test:?\w*|demo|bench|check|build|culvert|start|package)\b/g),
  ].map((m) => m[1] as string);
  assert.ok(named.length > 8);
  for (const name of named) assert.ok(manifest.scripts[name], name);
});

test('every folder of its map exists', () => {
  const map = /## The tree\n\n```\n([\s\S]+?)```/.exec(readme)?.[1];
  assert.ok(map);
  const engine = [...map.matchAll(/(\w+)\/(?=[\s\w/]*)/g)].map((m) => m[1] as string);
  for (const folder of ['wire', 'ike', 'esp', 'datapath', 'cli']) {
    assert.ok(engine.includes(folder), folder);
    assert.ok(existsSync(join(root, 'engine', folder)), folder);
  }
});

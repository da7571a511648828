/** Group names by /etc/group. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { groupId } from '../../../engine/os/groups.ts';

test('names, numbers and what is not there', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'culvert-groups-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'group');
  writeFileSync(file, 'root:x:0:\nculvert:x:977:alice,bob\nbroken:x\n# culverts:x:5\n');
  assert.equal(groupId('culvert', file), 977);
  assert.equal(groupId('root', file), 0);
  assert.equal(groupId('1234', file), 1234);
  for (const name of ['alice', 'broken', 'x', '', 'culverts'])
    assert.equal(groupId(name, file), undefined, name);
});

/** Which routing table an engine uses, by its state folder. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { routingOf, SYSTEM_STATE } from '../../../engine/os/host.linux.ts';

test('the system engine has the documented table, others one of their own, the same each time', () => {
  assert.deepEqual(routingOf(SYSTEM_STATE), { table: 4500, preference: 4500, protocol: 145 });
  const [a, b] = [routingOf('/srv/one'), routingOf('/srv/two')];
  assert.notEqual(a.table, b.table);
  assert.deepEqual(routingOf('/srv/other/../one/'), a);
  for (const { table, preference } of [a, b]) {
    assert.ok(table > 4500 && table <= 5500, String(table));
    assert.equal(preference, table);
  }
});

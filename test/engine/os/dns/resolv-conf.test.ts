import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isOurs, resolvConf } from '../../../../engine/os/dns/resolv-conf.ts';

test('servers are ours, the search list and the options are those of before', () => {
  const text = resolvConf(
    ['10.3.0.53', 'fd00::53'],
    '# by hand\nnameserver 192.0.2.53\nsearch corp.example\noptions ndots:2\n',
  );
  assert.deepEqual(text.split('\n').slice(1), [
    'nameserver 10.3.0.53',
    'nameserver fd00::53',
    'search corp.example',
    'options ndots:2',
    '',
  ]);
  assert.ok(text.startsWith('# '));
});

const octets = fc.uint8Array({ maxLength: 24 });
/** What is in the file when a write in place stopped before the file was cut to its length. */
const torn = (writing: Uint8Array, over: Uint8Array): Uint8Array => {
  const file = new Uint8Array(Math.max(writing.length, over.length));
  file.set(over);
  file.set(writing);
  return file;
};

test('property: whole and torn writes in place are ours', () => {
  fc.assert(
    fc.property(octets, octets, (before, after) => {
      assert.ok(isOurs(after, before, after));
      assert.ok(isOurs(torn(after, before), before, after));
      if (before.length < after.length) assert.ok(isOurs(torn(before, after), before, after));
    }),
  );
});

test('property: another file is not ours', () => {
  const text = (s: string): Uint8Array => new TextEncoder().encode(s);
  const before = text('nameserver 192.0.2.53\n');
  const after = text(resolvConf(['10.3.0.53'], ''));
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(200), (bytes, at) => {
      const other = after.slice();
      other.set(bytes.subarray(0, Math.max(0, other.length - at)), Math.min(at, other.length));
      const same = Buffer.from(other).equals(Buffer.from(after));
      assert.equal(isOurs(other, before, after), same);
    }),
  );
  assert.ok(!isOurs(text('nameserver 203.0.113.1\n'), before, after));
});

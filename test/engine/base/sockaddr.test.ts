/** Encoded outer addresses: both families, comparison by port and host alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../../engine/base/bytes.ts';
import { readEndpoint, SOCKADDR_LENGTH, sameSockaddr, writeSockaddr } from '../../../engine/base/sockaddr.ts';

const encode = (address: string, port: number): Uint8Array => {
  const out = new Uint8Array(SOCKADDR_LENGTH + 4).fill(0xa5);
  writeSockaddr({ address, port }, out, 2);
  return out;
};

test('IPv4 is mapped, IPv6 is itself, and both come back', () => {
  assert.equal(
    toHex(encode('192.0.2.9', 4500).subarray(4, 30)),
    '119400000000' + '00000000000000000000ffffc0000209' + '00000000',
  );
  for (const address of ['192.0.2.9', '2001:db8::1', '::', '0.0.0.0', '::1'])
    assert.deepEqual(readEndpoint(encode(address, 65_535), 2), { address, port: 65_535 });
  assert.throws(() => encode('example.org', 1), RangeError);
});

test('addresses are the same when port and host are, whatever the family octets say', () => {
  const a = encode('192.0.2.9', 4500);
  const b = a.slice();
  b[2] = 10;
  assert.ok(sameSockaddr(a, 2, b, 2));
  for (const other of [encode('192.0.2.8', 4500), encode('192.0.2.9', 4501), encode('::c000:209', 4500)])
    assert.equal(sameSockaddr(a, 2, other, 2), false);
});

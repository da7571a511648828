/** Which selectors of two tunnels meet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrefix, prefixRange } from '../../../engine/base/ip.ts';
import { overlap } from '../../../engine/tunnel/overlap.ts';

const remote = (text: string, over: { protocol?: number; startPort?: number; endPort?: number } = {}) => {
  const prefix = parsePrefix(text);
  assert.ok(prefix, text);
  return { protocol: 0, startPort: 0, endPort: 65535, ...prefixRange(prefix), ...over };
};
const one = (...selectors: readonly ReturnType<typeof remote>[]) => [{ remote: selectors }];

test('ranges that meet are named, those beside each other are not', () => {
  assert.deepEqual(overlap(one(remote('10.0.0.0/8')), one(remote('192.168.0.0/16'), remote('10.9.0.0/16'))), {
    ours: '10.0.0.0/8',
    theirs: '10.9.0.0/16',
  });
  assert.ok(overlap(one(remote('10.9.0.0/16')), one(remote('0.0.0.0/0'))));
  assert.equal(overlap(one(remote('10.0.0.0/9')), one(remote('10.128.0.0/9'))), undefined);
  assert.equal(overlap(one(remote('0.0.0.0/0')), one(remote('::/0'))), undefined);
  assert.equal(overlap([{ remote: ['dynamic'] }], one(remote('0.0.0.0/0'))), undefined);
});

test('protocols and ports keep the same network apart', () => {
  const net = '10.0.0.0/8';
  assert.equal(overlap(one(remote(net, { protocol: 6 })), one(remote(net, { protocol: 17 }))), undefined);
  const port = (startPort: number, endPort: number) => one(remote(net, { protocol: 6, startPort, endPort }));
  assert.equal(overlap(port(1, 99), port(100, 200)), undefined);
  assert.ok(overlap(port(1, 100), port(100, 200)));
  assert.ok(overlap(port(443, 443), one(remote(net))));
});

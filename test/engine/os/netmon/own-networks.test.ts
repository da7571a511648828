/** Which networks of this machine count as its own, judged by what the system says of its interfaces. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { requireOrSkip } from '../../../support/require.ts';

const ADDRESSES = fileURLToPath(new URL('../../../../engine/os/netmon/addresses.ts', import.meta.url));

test('private networks of real interfaces, not those of tunnels, the Internet or single addresses', (t) => {
  if (!requireOrSkip(t, { root: true, namespaces: true, commands: ['ip', 'unshare'] })) return;
  const script = [
    'set -e',
    'ip link set lo up',
    'ip link add lan type veth peer name far',
    'ip link set far up',
    'ip link set lan up',
    'ip address add 192.168.7.20/24 dev lan',
    'ip address add 203.0.113.5/24 dev lan',
    'ip address add 169.254.3.4/16 dev lan',
    'ip address add 10.66.0.1/32 dev lan',
    'ip -6 address add fd12:3456::20/64 dev lan nodad',
    'ip -6 address add 2001:db8::20/64 dev lan nodad',
    'ip link add own type veth peer name ownfar',
    'ip link set ownfar up',
    'ip link set own up',
    'ip address add 10.9.0.1/16 dev own',
    `exec "$0" --import tsx -e 'import("${ADDRESSES}").then((m) => console.log(JSON.stringify(m.ownNetworks(["own"]))))'`,
  ].join('\n');
  const { stdout, stderr } = spawnSync('unshare', ['--net', 'sh', '-c', script, process.execPath], {
    encoding: 'utf8',
  });
  assert.deepEqual(
    JSON.parse(stdout || 'null'),
    [
      { address: '192.168.7.20', length: 24 },
      { address: 'fd12:3456::20', length: 64 },
    ],
    stderr,
  );
});

/** Where socket and state are looked for. */
import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { locations } from '../../../engine/cli/paths.ts';
import { octets, span } from '../../../engine/cli/units.ts';

test('root has the system engine, others their own', () => {
  assert.deepEqual(locations({}, { env: {}, uid: 0 }), {
    socket: '/run/culvert/engine.sock',
    state: '/var/lib/culvert',
  });
  assert.deepEqual(locations({}, { env: { XDG_RUNTIME_DIR: '/run/user/7', XDG_STATE_HOME: '/s' }, uid: 7 }), {
    socket: '/run/user/7/culvert/engine.sock',
    state: '/s/culvert',
  });
  assert.equal(
    locations({}, { env: { XDG_STATE_HOME: '' }, uid: 7 }).state,
    join(homedir(), '.local/state/culvert'),
  );
});

test('options beat the environment; a state folder holds the socket too', () => {
  const env = { CULVERT_SOCKET: '/env.sock', CULVERT_STATE: '/env' };
  assert.deepEqual(locations({}, { env, uid: 0 }), { socket: '/env.sock', state: '/env' });
  assert.deepEqual(locations({ state: '/opt' }, { env, uid: 0 }), {
    socket: '/opt/engine.sock',
    state: '/opt',
  });
  assert.deepEqual(locations({ socket: '/a.sock' }, { env, uid: 0 }), { socket: '/a.sock', state: '/env' });
  assert.equal(locations({}, { env: { CULVERT_STATE: '/env' }, uid: 0 }).socket, '/env/engine.sock');
});

test('numbers for people', () => {
  assert.deepEqual([0, 59.6, 61, 600, 3600, 7500, 86_400, 100_000].map(span), [
    '0 s',
    '1 min',
    '1 min 1 s',
    '10 min',
    '1 h',
    '2 h 5 min',
    '1 d',
    '1 d 3 h',
  ]);
  assert.deepEqual([0, 1023, 1024, 1536, 1024 ** 3 * 200].map(octets), [
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.5 KiB',
    '200 GiB',
  ]);
});

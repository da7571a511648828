/** Whose socket it is: the verdict on each kind of wrong owner, and on real files. */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { engineLocation } from '../../electron/engine/location.ts';
import { checkSocketOwner, judgeOwner, type PathFacts } from '../../electron/engine/owner.ts';
import { judgePipeOwner } from '../../electron/engine/pipe-owner.ts';
import { requireOrSkip } from '../support/require.ts';

const socket: PathFacts = { path: '/run/culvert/engine.sock', uid: 0, mode: 0o140660, isSocket: true };
const folder = (change: Partial<PathFacts> = {}): PathFacts => ({
  path: '/run/culvert',
  uid: 0,
  mode: 0o40750,
  isSocket: false,
  ...change,
});

test("root's socket in root's folders is trusted", () => {
  assert.equal(judgeOwner([socket, folder(), folder({ path: '/run' })], []).kind, 'trusted');
  assert.equal(judgeOwner([], []).kind, 'absent');
});

test('any other owner, and any folder that others may write to, is refused by its name', () => {
  const cases: readonly (readonly [readonly PathFacts[], RegExp])[] = [
    [[{ ...socket, uid: 1000 }, folder()], /engine\.sock belongs to user 1000/],
    [[{ ...socket, isSocket: false }, folder()], /is not a socket/],
    [[socket, folder({ uid: 1000 })], /folder \/run\/culvert belongs to user 1000/],
    [[socket, folder({ mode: 0o40777 })], /may write to the folder \/run\/culvert/],
    [[socket, folder({ mode: 0o40770 })], /may write to the folder/],
    [[socket, folder(), folder({ path: '/run', mode: 0o40757 })], /folder \/run$/],
  ];
  for (const [chain, reason] of cases) {
    const verdict = judgeOwner(chain, []);
    assert.ok(verdict.kind === 'refused');
    assert.match(verdict.reason, reason);
  }
});

test("one's own engine is accepted only where it was named by its developer", () => {
  const own = [{ ...socket, uid: 1000 }, folder({ uid: 1000 }), folder({ mode: 0o41777 })];
  assert.equal(judgeOwner(own, [1000]).kind, 'trusted');
  assert.equal(judgeOwner(own, [1001]).kind, 'refused');
  const env = { CULVERT_SOCKET: '/tmp/x.sock' };
  const dev = engineLocation({ platform: 'linux', env, uid: 1000, isPackaged: false });
  assert.deepEqual(dev, { socket: '/tmp/x.sock', alsoOwnedBy: [1000] });
  const installed = engineLocation({ platform: 'linux', env, uid: 1000, isPackaged: true });
  assert.deepEqual(installed, { socket: '/run/culvert/engine.sock', alsoOwnedBy: [] });
});

test('a pipe belongs to SYSTEM or the Administrators, or is refused', () => {
  assert.equal(judgePipeOwner('p', 'S-1-5-18').kind, 'trusted');
  assert.equal(judgePipeOwner('p', 'S-1-5-32-544').kind, 'trusted');
  assert.equal(judgePipeOwner('p', 'S-1-5-21-1-2-3-1001').kind, 'refused');
  assert.equal(judgePipeOwner('p', 'unknown').kind, 'refused');
  assert.equal(judgePipeOwner('p', 'none').kind, 'absent');
});

const place = mkdtempSync(join(tmpdir(), 'culvert-owner-'));
const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close();
  rmSync(place, { recursive: true, force: true });
});

test('real sockets: of root, of a user, behind a link, none', async (t) => {
  if (!requireOrSkip(t, { root: true })) return;
  const path = join(place, 'engine.sock');
  assert.equal((await checkSocketOwner(path, [])).kind, 'absent');
  assert.equal((await checkSocketOwner(join(place, 'no', 'x.sock'), [])).kind, 'absent');
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  assert.equal((await checkSocketOwner(path, [])).kind, 'trusted');
  chownSync(path, 4711, 4711);
  assert.equal((await checkSocketOwner(path, [])).kind, 'refused');
  chownSync(path, 0, 0);
  chmodSync(place, 0o777);
  assert.equal((await checkSocketOwner(path, [])).kind, 'refused');
  chmodSync(place, 0o700);
  const theirs = join(place, 'theirs');
  mkdirSync(theirs);
  chownSync(theirs, 4711, 4711);
  symlinkSync(theirs, join(place, 'link'));
  writeFileSync(join(theirs, 'engine.sock'), '');
  assert.equal((await checkSocketOwner(join(place, 'link', 'engine.sock'), [])).kind, 'refused');
});

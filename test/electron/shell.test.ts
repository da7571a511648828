/** The shell as a whole on the double, without a page: instance, tray, window, links, files, notifications, engine. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CHANNELS } from '../../electron/bridge/channels.ts';
import type { EngineApi } from '../../engine/api/engine.ts';
import { silentLog } from '../../engine/base/log.ts';
import { type RpcServer, startServer } from '../../engine/rpc/server.ts';
import { FakeEngine } from '../engine/rpc/fake-engine.ts';
import { eventually, type RunningOptions, type RunningShell, runShell } from './running.ts';
import { failure, profile, snapshot, tunnel, up } from './snapshots.ts';

async function shell(t: TestContext, options: RunningOptions = {}): Promise<RunningShell> {
  const running = await runShell(options);
  t.after(() => running.close());
  return running;
}

/** An engine on a real socket that shows what the test puts into it. */
class ShownEngine extends FakeEngine {
  shown = snapshot([]);

  override snapshot(): ReturnType<EngineApi['snapshot']> {
    return this.shown;
  }

  show(next: ReturnType<EngineApi['snapshot']>): void {
    this.shown = next;
    this.change();
  }
}

interface Stage {
  readonly engine: ShownEngine;
  readonly running: RunningShell;
  serve(): Promise<RpcServer>;
}

async function stage(t: TestContext, options: RunningOptions = {}): Promise<Stage> {
  const running = await runShell(options);
  const engine = new ShownEngine();
  const serve = (): Promise<RpcServer> =>
    startServer({ engine, log: silentLog, path: join(running.folder, 'none.sock'), ownUid: 0 });
  const server = await serve();
  t.after(async () => {
    await server.close();
    await running.close();
  });
  return { engine, running, serve };
}

const tray = (running: RunningShell) => running.trays[0] ?? assert.fail('there is no tray');
const colour = (running: RunningShell): string => /tray-(\w+)\.png$/.exec(tray(running).image)?.[1] ?? '';
const is = (running: RunningShell, wanted: string): Promise<true> =>
  eventually(`the colour ${wanted}`, () => colour(running) === wanted && (true as const));

test('a second instance hands over and goes; the first one shows its window', async (t) => {
  const second = await shell(t, { first: false });
  assert.equal(second.app.quits, 1);
  assert.equal(second.windows.length + second.trays.length + second.channels.length, 0);
  const first = await shell(t, { argv: ['--hidden'] });
  assert.equal(first.windows.length, 0);
  first.app.emit('second-instance', ['electron', '.'], '/');
  assert.equal(first.windows.length, 1);
  first.app.emit('second-instance', ['electron', '.', '--quit'], '/');
  assert.equal(first.app.quits, 1);
});

test('the window is made when it is asked for, destroyed when it is closed, and made anew', async (t) => {
  const running = await shell(t);
  const [first] = running.windows;
  assert.ok(first);
  await eventually('the window to be seen', () => first.visible);
  first.minimized = true;
  running.app.emit('activate');
  assert.equal(running.windows.length, 1);
  assert.equal(first.minimized, false);
  first.userCloses();
  assert.ok(first.isDestroyed());
  assert.equal(running.app.quits, 0);
  tray(running).menu?.click('Open Culvert');
  assert.equal(running.windows.length, 2);
});

test('a page that crashes leaves no dead window behind', async (t) => {
  const running = await shell(t);
  running.windows[0]?.webContents.emit('render-process-gone');
  assert.ok(running.windows[0]?.isDestroyed());
  running.app.emit('activate');
  assert.equal(running.windows.length, 2);
});

test('without a tray everything works, and the shell goes with its window', async (t) => {
  const running = await shell(t, { hasTray: false });
  assert.equal(running.trays.length, 0);
  assert.equal(running.windows.length, 1);
  running.windows[0]?.userCloses();
  assert.equal(running.app.quits, 1);
});

test('the window has every protection that Electron offers', async (t) => {
  const running = await shell(t);
  assert.ok(running.app.sandboxed);
  assert.equal(running.app.gpu, false);
  const preferences = running.windows[0]?.options.webPreferences ?? {};
  const { sandbox, contextIsolation, webSecurity, nodeIntegration, webviewTag, spellcheck } = preferences;
  assert.deepEqual(
    { sandbox, contextIsolation, webSecurity, nodeIntegration, webviewTag, spellcheck },
    {
      sandbox: true,
      contextIsolation: true,
      webSecurity: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false,
    },
  );
  assert.equal(preferences.navigateOnDragDrop, false);
  const session = running.sessions.get(preferences.partition ?? '') ?? assert.fail('no session');
  assert.doesNotMatch(session.partition, /^persist:/);
  assert.equal(session.cache, false);
  assert.equal(session.spellchecker, false);
  for (const permission of ['media', 'geolocation', 'notifications', 'clipboard-read', 'unknown'])
    assert.equal(session.permits(permission), false, permission);
  assert.ok(session.emit('will-download'), 'a download is prevented');
  assert.equal(await session.fetch('https://example.com/', 'GET'), 'cancelled');
  assert.equal(await session.fetch('file:///etc/passwd', 'GET'), 'cancelled');
  assert.ok((await session.fetch('culvert-app://app/none.js', 'GET')) instanceof Response);
  assert.deepEqual(running.schemes, [
    { scheme: 'culvert-app', privileges: { standard: true, secure: true, codeCache: false } },
  ]);
});

test('every web contents that comes to be is locked, not only the window', async (t) => {
  const running = await shell(t, { argv: ['--hidden'] });
  const { WindowDouble } = await import('./double/window-double.ts');
  const stranger = new WindowDouble(
    {},
    {
      browser: undefined,
      invoke: async () => undefined,
      session: () => assert.fail(),
      created: (contents) => void running.app.emit('web-contents-created', contents),
    },
  );
  assert.equal(stranger.webContents.mayNavigate(), false);
  assert.equal(stranger.webContents.mayOpen('https://example.com/'), false);
  assert.ok(stranger.webContents.emit('will-redirect'));
  assert.ok(stranger.webContents.emit('will-attach-webview'));
});

test('the tray follows the engine: absent, there, connecting, up, failed', async (t) => {
  const { engine, running } = await stage(t, { argv: ['--hidden'] });
  await is(running, 'grey');
  const profiles = [profile('office')];
  engine.show(snapshot([tunnel('office', { state: 'CONNECTING' })], profiles));
  await is(running, 'orange');
  engine.show(snapshot([up('office')], profiles));
  await is(running, 'green');
  assert.equal(tray(running).toolTip, 'Culvert: Connected: office');
  assert.ok(tray(running).menu?.labels().includes('Disconnect office'));
  engine.show(snapshot([tunnel('office', { lastFailure: failure('no answer from 192.0.2.1') })], profiles));
  await is(running, 'error');
  assert.ok(tray(running).menu?.labels().includes('no answer from 192.0.2.1'));
});

test('the menu is not set again while nothing in it changes', async (t) => {
  const { engine, running } = await stage(t, { argv: ['--hidden'] });
  engine.show(snapshot([up('office')]));
  await is(running, 'green');
  const before = tray(running).menusSet;
  engine.show(snapshot([up('office', { attempts: 2 })]));
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(tray(running).menusSet, before);
});

test('connect and disconnect from the tray reach the engine', async (t) => {
  const { engine, running } = await stage(t, { argv: ['--hidden'] });
  engine.show(snapshot([up('home')], [profile('office')]));
  await eventually('the menu', () => tray(running).menu?.labels().includes('Connect office'));
  tray(running).menu?.click('Connect office');
  await eventually('up', () =>
    engine.calls.some((call) => JSON.stringify(call) === '["up",{"profile":"office"}]'),
  );
  tray(running).menu?.click('Disconnect home');
  await eventually('down', () =>
    engine.calls.some((call) => JSON.stringify(call) === '["down",{"name":"home"}]'),
  );
});

test('notifications: silent, at the level of the settings, and a click leads to the tunnel', async (t) => {
  const { engine, running } = await stage(t, { argv: ['--hidden'] });
  engine.show(snapshot([up('office')]));
  await is(running, 'green');
  engine.show(
    snapshot([tunnel('office', { state: 'CONNECTING', lastFailure: failure('the gateway is gone') })]),
  );
  const note = await eventually('a notification', () => running.notifications[0]);
  assert.deepEqual(note.options, {
    title: 'Connection lost: office',
    body: 'the gateway is gone',
    silent: true,
  });
  assert.ok(note.shown);
  note.emit('click');
  assert.equal(running.windows.length, 1);
});

test('deep links and files wait for the window to be loaded, and come in order', async (t) => {
  const running = await shell(t, { argv: ['--hidden'] });
  const file = join(running.folder, 'office.sswan');
  writeFileSync(file, '{"x":1}');
  running.app.emit('open-url', 'culvert://profile/office');
  running.app.emit('open-file', file);
  const window = await eventually('the window', () => running.windows[0]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(window.webContents.sent.length, 0);
  const caller = {
    sender: { id: window.webContents.id },
    senderFrame: { url: 'culvert-app://app/index.html', parent: null },
  };
  const attached = (await running.invoke(caller, CHANNELS.attach)) as {
    ok: true;
    value: [string, unknown][];
  };
  assert.deepEqual(attached.value.slice(2), [
    ['navigate', { screen: 'home', tunnel: 'office' }],
    ['opened', [{ name: 'office.sswan', content: Buffer.from('{"x":1}').toString('base64') }]],
    ['navigate', { screen: 'import', tunnel: undefined }],
  ]);
  running.app.emit('second-instance', ['electron', '.', 'culvert://open/log'], '/');
  assert.deepEqual(window.webContents.sent, [
    [CHANNELS.event, 'navigate', { screen: 'log', tunnel: undefined }],
  ]);
});

test('a link that asks for more than to be shown opens the window and nothing else', async (t) => {
  const { engine, running } = await stage(t, { argv: ['culvert://connect/office'] });
  await eventually('the window', () => running.windows[0]);
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.deepEqual(engine.calls, []);
});

test('a file that cannot be imported is told of', async (t) => {
  const running = await shell(t, { argv: ['--hidden'] });
  const pipe = join(running.folder, 'x.p12');
  execFileSync('mkfifo', [pipe]);
  running.app.emit('open-file', pipe);
  const note = await eventually('a notification', () => running.notifications[0]);
  assert.equal(note.options.body, 'x.p12 is not a file');
});

test('an engine whose socket is not trusted is not connected to', async (t) => {
  // In a folder that everybody may write to, anybody may play the engine.
  const { chmodSync } = await import('node:fs');
  const running = await runShell({ argv: ['--hidden'] });
  chmodSync(running.folder, 0o777);
  let connections = 0;
  const { createServer } = await import('node:net');
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(join(running.folder, 'none.sock'), resolve));
  t.after(async () => {
    server.close();
    await running.close();
  });
  const menu = () => tray(running).menu?.labels() ?? [];
  await eventually('the refusal', () => menu().includes('The Culvert engine cannot be used'));
  assert.ok(menu().some((label) => label.startsWith('others than root may write to the folder')));
  assert.equal(connections, 0);
});

test('settings are kept, and act at once', async (t) => {
  const running = await shell(t);
  const window = running.windows[0] ?? assert.fail();
  const caller = {
    sender: { id: window.webContents.id },
    senderFrame: { url: 'culvert-app://app/index.html', parent: null },
  };
  const change = { language: 'de', appearance: 'dark', startAtLogin: true };
  const answer = (await running.invoke(caller, CHANNELS.setSettings, change)) as { ok: boolean };
  assert.ok(answer.ok);
  assert.equal(running.theme.themeSource, 'dark');
  assert.ok(tray(running).menu?.labels().includes('Culvert öffnen'));
  const entry = readFileSync(join(running.folder, 'config/autostart/culvert.desktop'), 'utf8');
  assert.match(entry, /--hidden/);
  assert.equal(JSON.parse(readFileSync(join(running.folder, 'settings.json'), 'utf8')).language, 'de');
});

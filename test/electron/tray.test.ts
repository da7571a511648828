/** What the tray shows, from what the engine says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EngineState } from '../../electron/bridge/contract.ts';
import { textsOf } from '../../electron/text/texts.ts';
import { type MenuEntry, menuLabel, trayMenu } from '../../electron/tray/menu.ts';
import { COLOUR_OF_STATE, trayColour, trayLine } from '../../electron/tray/state.ts';
import { TUNNEL_STATES } from '../../engine/api/snapshot.ts';
import { failure, profile, snapshot, tunnel, up } from './snapshots.ts';

const connected: EngineState = { kind: 'connected' };
const notRunning: EngineState = { kind: 'not-running', reason: 'no engine answers', offer: 'start' };
const en = textsOf('en');

const labels = (entries: readonly MenuEntry[]): string[] =>
  entries.map((e) => (e.kind === 'separator' ? '-' : e.label));

test('each state of a tunnel has the colour that the product gives it', () => {
  const colours = TUNNEL_STATES.map((state) => [
    state,
    trayColour(connected, snapshot([tunnel('office', { state })])),
  ]);
  assert.deepEqual(Object.fromEntries(colours), {
    CREATED: 'grey',
    CONNECTING: 'orange',
    ESTABLISHED: 'green',
    REKEYING: 'orange',
    REKEYED: 'green',
    DELETING: 'red',
    DESTROYING: 'red',
    PASSIVE: 'green',
  });
  assert.deepEqual(Object.keys(COLOUR_OF_STATE).sort(), [...TUNNEL_STATES].sort());
});

test('a failed tunnel, a missing engine and a false one are an error; a cancelled tunnel is none', () => {
  const failed = tunnel('office', { lastFailure: failure('the gateway does not answer') });
  assert.equal(trayColour(connected, snapshot([up('home'), failed])), 'error');
  assert.equal(trayColour(notRunning, undefined), 'error');
  assert.equal(trayColour({ kind: 'refused', reason: 'not root' }, undefined), 'error');
  const cancelled = tunnel('office', { lastFailure: { ...failure('taken down'), code: 'CANCELLED' } });
  assert.equal(trayColour(connected, snapshot([cancelled])), 'grey');
});

test('what wants to be seen most decides among several tunnels', () => {
  const states = (...all: (typeof TUNNEL_STATES)[number][]): string =>
    trayColour(connected, snapshot(all.map((state, index) => tunnel(`t${index}`, { state }))));
  assert.equal(states('ESTABLISHED', 'CONNECTING'), 'orange');
  assert.equal(states('ESTABLISHED', 'DELETING'), 'red');
  assert.equal(states('CREATED', 'PASSIVE'), 'green');
  assert.equal(trayColour({ kind: 'connecting' }, undefined), 'grey');
});

test('the line names the tunnels that the colour is about', () => {
  assert.equal(trayLine(connected, snapshot([up('office'), up('home')]), en), 'Connected: office, home');
  assert.equal(trayLine(connected, snapshot([]), en), 'Not connected');
  assert.equal(trayLine(notRunning, undefined, en), 'The Culvert engine is not running');
  const german = trayLine(connected, snapshot([tunnel('a', { state: 'CONNECTING' })]), textsOf('de'));
  assert.equal(german, 'Verbindung wird aufgebaut: a');
});

test('the menu offers what can be done with each profile, and says the last reason', () => {
  const failed = tunnel('lab', { lastFailure: failure('no answer from 192.0.2.1') });
  const profiles = [profile('office'), profile('lab'), profile('broken', { problem: 'gateway: missing' })];
  const menu = trayMenu(connected, snapshot([up('office'), failed], profiles), en);
  assert.deepEqual(labels(menu), [
    'Connection failed: lab',
    'no answer from 192.0.2.1',
    '-',
    'Disconnect office',
    'Connect lab',
    '-',
    'Open Culvert',
    'Settings…',
    '-',
    'Quit',
  ]);
  const connect = menu.find((e) => e.kind === 'action' && e.label === 'Connect lab');
  assert.deepEqual(connect, {
    kind: 'action',
    label: 'Connect lab',
    action: { do: 'connect', profile: 'lab' },
  });
});

test('a prompt takes the place of connect', () => {
  const prompt = { id: 1, kind: 'password', storable: true, secondsLeft: 60 } as const;
  const asking = tunnel('office', { state: 'CONNECTING', prompt });
  const menu = trayMenu(connected, snapshot([asking], [profile('office')]), en);
  assert.ok(labels(menu).includes('office asks for something…'));
});

test('a tunnel without a stored profile can be ended, and is gone from the menu once it rests', () => {
  assert.ok(labels(trayMenu(connected, snapshot([up('once')]), en)).includes('Disconnect once'));
  assert.ok(!labels(trayMenu(connected, snapshot([tunnel('once')]), en)).some((l) => l.includes('once')));
});

test('without profiles it leads to the import; without an engine it says why and offers to start it', () => {
  assert.ok(labels(trayMenu(connected, snapshot([]), en)).includes('Import a profile…'));
  const offline = labels(trayMenu(notRunning, undefined, en));
  assert.ok(offline.includes('no engine answers'));
  assert.ok(offline.includes('Start the engine…'));
  const wording = {
    install: 'Install the service…',
    enable: 'Switch the service on…',
    start: 'Start the engine…',
  };
  for (const [offer, label] of Object.entries(wording)) {
    const offered = trayMenu({ ...notRunning, offer: offer as 'start' }, undefined, en);
    assert.deepEqual(
      labels(offered).filter((text) => Object.values(wording).includes(text)),
      [label],
    );
  }
  const fixed = trayMenu({ ...notRunning, offer: 'none' }, undefined, en);
  assert.ok(!fixed.some((e) => e.kind === 'action' && e.action.do === 'start-engine'));
});

test('many profiles go into a submenu', () => {
  const profiles = Array.from({ length: 12 }, (_, index) => profile(`p${index}`));
  const menu = trayMenu(connected, snapshot([], profiles), en);
  const more = menu.find((e) => e.kind === 'submenu');
  assert.ok(more?.kind === 'submenu');
  assert.equal(more.entries.length, 4);
});

test('labels are one line, short, and show an ampersand as one', () => {
  assert.equal(menuLabel('a\n  b'), 'a b');
  assert.equal(menuLabel('R&D'), 'R&&D');
  assert.equal(menuLabel('x'.repeat(200)).length, 90);
});

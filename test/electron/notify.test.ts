/** Which changes are worth a notification, and at which level. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Settings } from '../../electron/bridge/contract.ts';
import { type Memory, NO_MEMORY, notesFor } from '../../electron/notify/policy.ts';
import { textsOf } from '../../electron/text/texts.ts';
import type { Snapshot } from '../../engine/api/snapshot.ts';
import { failure, profile, snapshot, tunnel, up } from './snapshots.ts';

const run = (level: Settings['notifications'], snapshots: readonly Snapshot[], watched = false): string[] => {
  let memory: Memory = NO_MEMORY;
  const titles: string[] = [];
  for (const next of snapshots) {
    const result = notesFor(memory, next, { level, texts: textsOf('en'), language: 'en', watched });
    memory = result.memory;
    titles.push(...result.notes.map((note) => note.title));
  }
  return titles;
};

const connecting = tunnel('office', { state: 'CONNECTING' });
const lost = tunnel('office', { state: 'CONNECTING', lastFailure: failure('the gateway is gone') });
const failed = tunnel('office', { lastFailure: failure('no answer') });

test('connected is told at the level `all` only', () => {
  const story = [snapshot([connecting]), snapshot([up('office')]), snapshot([up('office')])];
  assert.deepEqual(run('all', story), ['Connected: office']);
  assert.deepEqual(run('problems', story), []);
  assert.deepEqual(run('none', story), []);
});

test('lost and failed are problems, and are told once', () => {
  assert.deepEqual(run('problems', [snapshot([up('office')]), snapshot([lost]), snapshot([lost])]), [
    'Connection lost: office',
  ]);
  assert.deepEqual(run('problems', [snapshot([connecting]), snapshot([failed]), snapshot([failed])]), [
    'Connection failed: office',
  ]);
  assert.deepEqual(run('none', [snapshot([up('office')]), snapshot([lost])]), []);
});

test('what the user did is no news', () => {
  const ending = tunnel('office', { state: 'DELETING' });
  const ended = tunnel('office', { lastFailure: { ...failure('taken down'), code: 'CANCELLED' } });
  assert.deepEqual(run('all', [snapshot([up('office')]), snapshot([ending]), snapshot([ended])]), []);
});

test('the first snapshot tells nothing of what was so before', () => {
  assert.deepEqual(run('all', [snapshot([up('office'), failed])]), []);
});

test('a prompt is told once, again for the next question, and not to a user who looks at it', () => {
  const asking = (id: number) =>
    snapshot([
      tunnel('office', {
        state: 'CONNECTING',
        prompt: { id, kind: 'one-time-code', storable: false, secondsLeft: 60 },
      }),
    ]);
  assert.deepEqual(run('problems', [asking(1), asking(1), asking(2)]), [
    'office waits for you',
    'office waits for you',
  ]);
  assert.deepEqual(run('problems', [asking(1)], true), []);
});

test('the end of a certificate is told at each threshold once, in the language of the user', () => {
  const on = (time: string) =>
    snapshot([], [profile('office', { certificateExpires: '2026-04-20T00:00:00Z' })], time);
  const story = ['2026-03-01', '2026-03-25', '2026-03-26', '2026-04-15', '2026-04-21', '2026-04-22'];
  const titles = run(
    'problems',
    story.map((day) => on(`${day}T00:00:00Z`)),
  );
  assert.deepEqual(titles, [
    'The certificate of office is valid until April 20, 2026',
    'The certificate of office is valid until April 20, 2026',
    'The certificate of office expired on April 20, 2026',
  ]);
});

test('a renewed certificate begins anew', () => {
  const ending = (end: string, time: string) =>
    snapshot([], [profile('office', { certificateExpires: end })], time);
  const titles = run('problems', [
    ending('2026-03-05T00:00:00Z', '2026-03-01T00:00:00Z'),
    ending('2027-03-05T00:00:00Z', '2026-03-02T00:00:00Z'),
    ending('2027-03-05T00:00:00Z', '2027-03-01T00:00:00Z'),
  ]);
  assert.equal(titles.length, 2);
});

import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { JOURNAL_FILE, openJournal } from '../../../../engine/os/journal/journal.ts';
import type { JournalEntry, NewEntry } from '../../../../engine/os/journal/port.ts';
import { doneLine, entryLine, readJournal } from '../../../../engine/os/journal/records.ts';

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'culvert-journal-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

const entry = (kind: string): NewEntry => ({
  kind,
  before: null,
  after: { kind },
  undo: 'remove',
  tunnel: 'a',
});

test('entries outlive the process, and done ones do not', async (t) => {
  const stateDir = await folder(t);
  const first = await openJournal({ stateDir, bootId: 'b1' });
  const made = await first.append([entry('one'), entry('two'), entry('three')]);
  await first.done([made[1]!.id]);
  await first.close();
  const again = await openJournal({ stateDir, bootId: 'b2' });
  t.after(() => again.close());
  assert.deepEqual(
    again.live().map((e) => [e.kind, e.bootId]),
    [
      ['one', 'b1'],
      ['three', 'b1'],
    ],
  );
  assert.deepEqual(again.problems, []);
  const [next] = await again.append([entry('four')]);
  assert.equal(next?.id, 4, 'ids go on where they were');
});

test('an append is in the file when it returns', async (t) => {
  const stateDir = await folder(t);
  const journal = await openJournal({ stateDir, bootId: 'b' });
  t.after(() => journal.close());
  const [made] = await journal.append([entry('one')]);
  assert.equal(await readFile(join(stateDir, JOURNAL_FILE), 'utf8'), entryLine(made as JournalEntry));
});

test('the file is its owner’s alone, also when it was found open to others', async (t) => {
  const stateDir = join(await folder(t), 'made', 'here');
  const journal = await openJournal({ stateDir, bootId: 'b' });
  await journal.close();
  const path = join(stateDir, JOURNAL_FILE);
  assert.equal((await stat(stateDir)).mode & 0o777, 0o700);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  await chmod(path, 0o644);
  await (await openJournal({ stateDir, bootId: 'b' })).close();
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test('the file is emptied when nothing is left', async (t) => {
  const stateDir = await folder(t);
  const journal = await openJournal({ stateDir, bootId: 'b' });
  t.after(() => journal.close());
  const made = await journal.append([entry('one'), entry('two')]);
  await journal.done([made[0]!.id]);
  assert.notEqual((await stat(join(stateDir, JOURNAL_FILE))).size, 0);
  await journal.done([made[1]!.id]);
  assert.equal((await stat(join(stateDir, JOURNAL_FILE))).size, 0);
});

test('a torn last line is dropped and the next entry starts on its own line', async (t) => {
  const stateDir = await folder(t);
  const path = join(stateDir, JOURNAL_FILE);
  const whole: JournalEntry = { id: 1, ...entry('one'), bootId: 'b' };
  await writeFile(path, entryLine(whole) + entryLine({ ...whole, id: 2 }).slice(0, -9));
  const journal = await openJournal({ stateDir, bootId: 'b' });
  t.after(() => journal.close());
  assert.deepEqual(journal.live(), [whole]);
  assert.deepEqual(journal.problems, []);
  await journal.append([entry('next')]);
  const { live, damage } = readJournal(await readFile(path, 'utf8'));
  assert.deepEqual(
    live.map((e) => e.kind),
    ['one', 'next'],
  );
  assert.deepEqual(damage, []);
});

test('a damaged journal is kept aside byte for byte, reported, and what can be read of it stays live', async (t) => {
  const stateDir = await folder(t);
  const path = join(stateDir, JOURNAL_FILE);
  const whole: JournalEntry = { id: 3, ...entry('one'), bootId: 'b' };
  const text = `\u0000\u0000rubbish\n${entryLine(whole)}{"id":4}\n`;
  for (const n of [1, 2]) {
    await writeFile(path, text);
    const journal = await openJournal({ stateDir, bootId: 'b' });
    await journal.close();
    assert.deepEqual(journal.live(), [whole]);
    assert.equal(journal.problems.length, 1);
    assert.match(journal.problems[0] ?? '', /line 1 .*line 3 /);
    const aside = `${path}.corrupt-${n}`;
    assert.ok(journal.problems[0]?.includes(aside));
    assert.equal(await readFile(aside, 'utf8'), text);
    assert.equal((await stat(aside)).mode & 0o777, 0o600);
    assert.equal(await readFile(path, 'utf8'), entryLine(whole), 'what is read next time is sound');
  }
  assert.equal((await readdir(stateDir)).length, 3);
});

test('a state directory that cannot be used is a typed error', async (t) => {
  const stateDir = join(await folder(t), 'file');
  await writeFile(stateDir, '');
  await assert.rejects(openJournal({ stateDir, bootId: 'b' }), { name: 'OsError', code: 'permission' });
});

test('property: a journal cut anywhere reads as some of its first records, undamaged', () => {
  const record = fc.oneof(
    { weight: 3, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }).map((kind) => ({ kind })) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 8 }).map((done) => ({ done })) },
  );
  fc.assert(
    fc.property(fc.array(record, { maxLength: 12 }), fc.nat(), (records, where) => {
      let id = 0;
      const lines = records.map((r) =>
        'done' in r ? doneLine([r.done]) : entryLine({ id: ++id, ...entry(r.kind), bootId: 'b' }),
      );
      const text = lines.join('');
      const cut = text.slice(0, where % (text.length + 1));
      const complete = cut.split('\n').length - 1;
      const read = readJournal(cut);
      assert.deepEqual(read.damage, []);
      const floor = readJournal(lines.slice(0, complete).join('')).live;
      const ceiling = readJournal(lines.slice(0, complete + 1).join('')).live;
      assert.ok([JSON.stringify(floor), JSON.stringify(ceiling)].includes(JSON.stringify(read.live)));
    }),
  );
});

test('property: any text is read without a throw', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void readJournal(text)));
});

/** Drafts: counted, timed, and wiped whichever way they end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../../../engine/api/failure.ts';
import { DRAFT_SECONDS, MAX_DRAFTS } from '../../../engine/api/import.ts';
import type { Instant } from '../../../engine/base/brand.ts';
import { Imports, type ImportsParts, type OpenDraft } from '../../../engine/tunnel/imports.ts';

class PaperDraft implements OpenDraft {
  wiped = 0;
  tried: string[] = [];
  view(): ReturnType<OpenDraft['view']> {
    return {
      locked: [],
      wrongPassphrase: false,
      profiles: [],
      leaves: [],
      chain: [],
      anchors: [],
      notes: this.tried,
    };
  }
  async unlock(passphrase: string): Promise<void> {
    this.tried.push(passphrase);
  }
  document(): Record<string, unknown> {
    return { name: 'office' };
  }
  wipe(): void {
    this.wiped++;
  }
}

function setting(add: ImportsParts['add'] = async () => ({ name: 'office', warnings: [] })) {
  let now = 0;
  const timers = new Set<{ when: number; run: () => void }>();
  const drafts: PaperDraft[] = [];
  const imports = new Imports({
    scheduler: {
      now: () => now as Instant,
      at: (when, run) => {
        const timer = { when, run };
        timers.add(timer);
        return () => timers.delete(timer);
      },
    },
    importer: {
      open: async () => {
        const draft = new PaperDraft();
        drafts.push(draft);
        return draft;
      },
      export: async (document, { format }) => ({
        fileName: format,
        content: JSON.stringify(document),
        report: [],
      }),
    },
    add,
    stored: async (name) => ({ name, kept: true }),
  });
  const advance = (seconds: number): void => {
    now += 1000 * seconds;
    for (const timer of [...timers])
      if (timer.when <= now) {
        timers.delete(timer);
        timer.run();
      }
  };
  return { imports, drafts, timers, advance };
}

const FILES = { files: [{ name: 'a', content: '' }] };
const code = (expected: string) => (error: unknown) =>
  error instanceof ApiError && error.failure.code === expected;

test('a draft lives for its time, is unlocked, and is wiped when it ends', async () => {
  const { imports, drafts, timers, advance } = setting();
  const { draft, secondsLeft } = await imports.open(FILES);
  assert.equal(secondsLeft, DRAFT_SECONDS);
  advance(100);
  const unlocked = await imports.unlock({ draft, passphrase: 'x' });
  assert.deepEqual([unlocked.secondsLeft, unlocked.notes], [DRAFT_SECONDS - 100, ['x']]);
  advance(DRAFT_SECONDS);
  assert.equal(drafts[0]?.wiped, 1);
  await assert.rejects(imports.unlock({ draft, passphrase: 'x' }), code('NOT_FOUND'));
  assert.equal(timers.size, 0);
});

test('a stored draft is wiped; one that could not be stored stays', async () => {
  let refuse = true;
  const { imports, drafts, timers } = setting(async ({ profile }) => {
    if (refuse) throw new Error('no');
    return { name: String(profile.name), warnings: ['w'] };
  });
  const { draft } = await imports.open(FILES);
  await assert.rejects(imports.store({ draft }), /no/);
  assert.equal(drafts[0]?.wiped, 0);
  refuse = false;
  assert.deepEqual(await imports.store({ draft }), { name: 'office', warnings: ['w'] });
  assert.equal(drafts[0]?.wiped, 1);
  assert.equal(timers.size, 0);
  await assert.rejects(imports.store({ draft }), code('NOT_FOUND'));
});

test('discarding wipes; the oldest gives way to one too many', async () => {
  const { imports, drafts } = setting();
  const { draft } = await imports.open(FILES);
  imports.discard(draft);
  assert.equal(drafts[0]?.wiped, 1);
  assert.throws(() => imports.discard(draft), code('NOT_FOUND'));
  for (let i = 0; i <= MAX_DRAFTS; i++) await imports.open(FILES);
  assert.deepEqual(
    drafts.slice(1).map(({ wiped }) => wiped),
    [1, ...Array.from({ length: MAX_DRAFTS }, () => 0)],
  );
});

test('closing forgets everything, also what is being opened', async () => {
  const { imports, drafts, timers } = setting();
  await imports.open(FILES);
  const late = imports.open(FILES);
  imports.close();
  await assert.rejects(late, code('CANCELLED'));
  assert.deepEqual(
    drafts.map(({ wiped }) => wiped),
    [1, 1],
  );
  assert.equal(timers.size, 0);
});

test('an export is made of the stored document', async () => {
  const { imports } = setting();
  const { content } = await imports.export({ name: 'office', format: 'culvert' });
  assert.deepEqual(JSON.parse(content), { name: 'office', kept: true });
});

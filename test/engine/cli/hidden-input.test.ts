/** Reading a secret key by key, as a terminal in raw mode sends them. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { askHidden, type Terminal } from '../../../engine/cli/hidden-input.ts';

function terminal(isTTY = true) {
  const keys = Object.assign(new PassThrough(), {
    isTTY,
    isRaw: false,
    modes: [] as boolean[],
    setRawMode(mode: boolean) {
      this.modes.push(mode);
      return this;
    },
  });
  const said: string[] = [];
  const output = { isTTY, write: (text: string) => said.push(text) > 0 };
  return { keys, said, terminal: { input: keys, output } as unknown as Terminal };
}

async function typed(...chunks: readonly (string | Uint8Array)[]) {
  const { keys, said, terminal: at } = terminal();
  const answer = askHidden('passphrase', at);
  for (const chunk of chunks) keys.write(chunk);
  const text = await answer;
  assert.deepEqual(keys.modes, [true, false]);
  assert.deepEqual(said, ['passphrase: ', '\n']);
  return text;
}

test('what is typed until Enter, without an echo', async () => {
  assert.equal(await typed('se', 'same', '\r'), 'sesame');
  assert.equal(await typed('pässwörd€\n'), 'pässwörd€');
  assert.equal(await typed('\r'), '');
  assert.equal(await typed(Uint8Array.of(0xc3), Uint8Array.of(0xa4, 0x0d)), 'ä');
});

test('keys that take back', async () => {
  assert.equal(await typed('abx\u007fc\r'), 'abc');
  assert.equal(await typed('\u007f', 'wrong\u0015right\r'), 'right');
  assert.equal(await typed('a\u001b\tb\u0004\r'), 'ab');
});

test('Ctrl-C and Ctrl-D give up', async () => {
  assert.equal(await typed('abc\u0003'), undefined);
  assert.equal(await typed('\u0004'), undefined);
});

test('without a terminal nothing is asked', async () => {
  const { said, terminal: at } = terminal(false);
  assert.equal(await askHidden('passphrase', at), undefined);
  assert.deepEqual(said, []);
});

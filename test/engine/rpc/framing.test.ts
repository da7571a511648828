/** The framing in front of JSON-RPC, in any cut and with any junk. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameParser, FramingError, frame, parseMessage } from '../../../engine/rpc/framing.ts';

test('messages survive any cut of the stream', () => {
  const messages = fc.array(fc.string({ maxLength: 50 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(messages, fc.integer({ min: 1, max: 40 }), (texts, step) => {
      const stream = Buffer.concat(texts.map((text) => frame({ jsonrpc: '2.0', text })));
      const parser = new FrameParser(1000);
      const got: unknown[] = [];
      for (let at = 0; at < stream.length; at += step)
        for (const body of parser.push(stream.subarray(at, at + step))) got.push(parseMessage(body).text);
      assert.deepEqual(got, texts);
    }),
  );
});

test('sizes are refused when they are announced, before a body has come', () => {
  const refused = (stream: string): void =>
    assert.throws(() => new FrameParser(100).push(Buffer.from(stream)), FramingError, stream.slice(0, 60));
  refused('Content-Length: 101\r\n\r\n');
  refused('Content-Length: 99999999999\r\n\r\n');
  refused('Content-Length: 0\r\n\r\n');
  refused('Content-Length: -1\r\n\r\n');
  refused('Content-Length: 1e1\r\n\r\n');
  refused('Content-Length: 5\r\nContent-Length: 6\r\n\r\n');
  refused('Content-Type: x\r\n\r\n');
  refused('x'.repeat(2000));
});

test('an endless header is refused piece by piece as well', () => {
  const parser = new FrameParser(100);
  assert.throws(() => {
    for (let i = 0; i < 3000; i++) parser.push(Buffer.from('x'));
  }, FramingError);
});

test('arbitrary octets give bodies or a FramingError', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), (chunks) => {
      const parser = new FrameParser(100);
      try {
        for (const chunk of chunks) for (const body of parser.push(Buffer.from(chunk))) parseMessage(body);
      } catch (error) {
        assert.ok(error instanceof FramingError, String(error));
      }
    }),
  );
});

test('what is no message', () => {
  const code = (text: string): number => {
    try {
      parseMessage(Buffer.from(text, 'latin1'));
    } catch (error) {
      if (error instanceof FramingError) return error.code;
    }
    return 0;
  };
  assert.equal(code('{"jsonrpc":"2.0","id":1,"method":"x"}'), 0);
  assert.equal(code('{"jsonrpc":'), -32700);
  assert.equal(code('{"jsonrpc":"2.0","x":"\xff"}'), -32700);
  assert.equal(code('['.repeat(100_000)), -32700);
  assert.equal(code(`{"jsonrpc":"2.0","x":${'['.repeat(70)}${']'.repeat(70)}}`), -32700);
  assert.equal(code('{"jsonrpc":"2.0","x":"[[[[\\"[[[["}'), 0);
  assert.equal(code('[]'), -32600);
  assert.equal(code('{"jsonrpc":"1.0"}'), -32600);
  assert.equal(code('5'), -32600);
});

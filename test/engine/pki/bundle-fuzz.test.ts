/** The decoders of PKCS#12 and CMS under arbitrary and damaged input: a typed error or a value, soon, in little memory. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { importBundle } from '../../../engine/pki/bundle.ts';
import { PkiError } from '../../../engine/pki/error.ts';
import { Budget } from '../../../engine/pki/pbe.ts';
import { openPkcs12 } from '../../../engine/pki/pkcs12.ts';
import { openSignedData } from '../../../engine/pki/signed-data.ts';
import { findCommand, requireOrSkip } from '../../support/require.ts';
import { issue } from './fixtures.ts';

const RUNS = 100_000;
const OPENSSL = { commands: ['openssl'] } as const;
const ROUNDS = 50;
let pfx: Uint8Array[] = [];
let cms: Uint8Array[] = [];

before(async () => {
  if (findCommand('openssl') === undefined) return;
  const folder = mkdtempSync(join(tmpdir(), 'culvert-fuzz-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const root = await issue({ subject: 'CN=Root', ca: true });
  const leaf = await issue({ subject: 'CN=leaf', issuer: root });
  const at = (name: string): string => join(folder, name);
  writeFileSync(at('crt'), leaf.pem);
  writeFileSync(at('key'), leaf.keyPem);
  writeFileSync(at('ca'), root.pem);
  const openssl = (...args: string[]): Uint8Array =>
    new Uint8Array(execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'ignore'] }));
  const base = [
    'pkcs12',
    '-export',
    '-inkey',
    at('key'),
    '-in',
    at('crt'),
    '-certfile',
    at('ca'),
    '-iter',
    '1',
  ];
  pfx = [
    [],
    ['-legacy'],
    ['-nomac'],
    ['-nomac', '-legacy'],
    ['-nomac', '-keypbe', 'NONE', '-certpbe', 'NONE'],
  ].map((more) => openssl(...base, '-passout', 'pass:x', ...more));
  cms = [
    openssl('crl2pkcs7', '-nocrl', '-certfile', at('crt'), '-certfile', at('ca'), '-outform', 'DER'),
    ...[[], ['-keyid', '-noattr']].map((more) =>
      openssl(
        ...['cms', '-sign', '-binary', '-nodetach', '-in', at('ca'), '-outform', 'DER'],
        ...['-signer', at('crt'), '-inkey', at('key'), ...more],
      ),
    ),
  ];
});

/** A file with some octets replaced, and perhaps cut or stretched. */
const mutated = (files: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> =>
  fc
    .record({
      file: fc.constantFrom(...files),
      edits: fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }),
      cut: fc.option(fc.nat(), { freq: 4 }),
      repeat: fc.option(fc.tuple(fc.nat(), fc.nat({ max: 64 })), { freq: 4 }),
    })
    .map(({ file, edits, cut, repeat }) => {
      const out = file.slice();
      for (const [position, octet] of edits) out[position % out.length] = octet;
      if (cut !== null) return out.slice(0, cut % out.length);
      if (repeat === null) return out;
      const [at, count] = [repeat[0] % out.length, repeat[1]];
      return Uint8Array.from([...out.slice(0, at), ...out.slice(Math.max(0, at - count))]);
    });

const arbitrary = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  // Looks like ASN.1 for longer than mere chance would.
  fc
    .array(fc.constantFrom(0x30, 0x31, 0x80, 0xa0, 2, 4, 5, 6, 3, 1, 0, 0x24, 0x84, 0xff), { maxLength: 200 })
    .map((octets) => Uint8Array.from(octets)),
);

function onlyTyped(run: () => unknown): void {
  try {
    run();
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
  }
}

function hammer(files: readonly Uint8Array[], run: (octets: Uint8Array) => unknown): void {
  const before = process.memoryUsage().rss;
  let slowest = 0;
  const property = fc.property(fc.oneof({ weight: 3, arbitrary: mutated(files) }, arbitrary), (octets) => {
    const start = process.hrtime.bigint();
    onlyTyped(() => run(octets));
    slowest = Math.max(slowest, Number(process.hrtime.bigint() - start) / 1e6);
  });
  fc.assert(property, { numRuns: RUNS });
  assert.ok(slowest < 2000, `one input took ${slowest} ms`);
  const grown = (process.memoryUsage().rss - before) / 2 ** 20;
  assert.ok(grown < 300, `memory grew by ${grown} MiB`);
}

test('PKCS#12', (t) => {
  if (!requireOrSkip(t, OPENSSL)) return;
  for (const file of pfx) assert.equal(openPkcs12(file, 'x', new Budget(ROUNDS)).keys.length, 1);
  hammer(pfx, (octets) => openPkcs12(octets, 'x', new Budget(ROUNDS)));
});

test('CMS', (t) => {
  if (!requireOrSkip(t, OPENSSL)) return;
  for (const file of cms) assert.ok(openSignedData(file).certificates.length > 0);
  hammer(cms, openSignedData);
});

test('files built to exhaust are refused soon', () => {
  const size = 1_048_576;
  const fill = (...pattern: number[]): Uint8Array =>
    Uint8Array.from({ length: size }, (_, i) => pattern[i % pattern.length] as number);
  for (const [name, octets] of Object.entries({
    'open lists in lists': fill(0x30, 0x80),
    'open octet strings in octet strings': fill(0x24, 0x80),
    'a list of nothing': Uint8Array.from([0x30, 0x80, ...fill(5, 0).slice(2)]),
    'a length beyond the file': Uint8Array.from(
      [0x30, 0x84, 0xff, 0xff, 0xff, 0xff, ...fill(0x30)].slice(0, size),
    ),
    'endless Base64': Buffer.from(`M${'A'.repeat(size - 2)}`),
    'open PEM blocks': Buffer.from('-----BEGIN PKCS7-----\n'.repeat(47_000)),
    dashes: Buffer.from(`-----BEGIN CERTIFICATE-----${'-'.repeat(900_000)}`),
    'blank space': Buffer.from(`M${' '.repeat(900_000)}!`),
  })) {
    const start = process.hrtime.bigint();
    onlyTyped(() => importBundle({ octets, passphrase: 'x' }));
    const spent = Number(process.hrtime.bigint() - start) / 1e6;
    assert.ok(spent < 3000, `${name} took ${spent} ms`);
  }
});

/** Every reader of foreign files under arbitrary and damaged input: a draft or an ApiError, soon, in little memory. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { openPart } from '../../../engine/pki/bundle.ts';
import { PkiError } from '../../../engine/pki/error.ts';
import { Budget } from '../../../engine/pki/pbe.ts';
import { importProfile } from '../../../engine/profile/import/import-profile.ts';
import { secretsKind } from '../../../engine/profile/import/secrets-file.ts';
import {
  APPLE_CERTIFICATE,
  IPSEC_CONF,
  mobileconfig,
  nmconnection,
  PHONE_BOOK,
  PROFILE_XML,
  sswan,
  swanctl,
} from '../../interop/imports/formats.ts';
import { issue } from '../pki/fixtures.ts';

const PROFILE_RUNS = 30_000;
const BUNDLE_RUNS = 15_000;
const SECRETS = Buffer.from(': RSA a.key "b"\nme : EAP "c"\n: PSK 0x00\n');
let profiles: Uint8Array[] = [];
let bundles: Uint8Array[] = [];

before(async () => {
  const root = await issue({ subject: 'CN=Root', ca: true });
  const leaf = await issue({ subject: 'CN=leaf', issuer: root });
  const sealed = leaf.key.expose().export({
    type: 'pkcs8',
    format: 'der',
    cipher: 'aes-128-cbc',
    passphrase: 'x',
  });
  profiles = [
    sswan(Uint8Array.of(0x30, 1, 2), root.pem),
    mobileconfig(root.pem, APPLE_CERTIFICATE, Uint8Array.of(0x30, 1, 2)),
    swanctl('auth = eap-ttls\n id = me', 'eap-1 {\n id = me\n secret = "a\\"b"\n }'),
    IPSEC_CONF,
    nmconnection('method=eap\nuser=me', 'a\\sb'),
    PROFILE_XML,
    PHONE_BOOK,
    '{"format":"culvert-profile","version":1,"profile":{"name":"a","gateway":{"hosts":"a"},"local":{"auth":{}}}}',
  ].map((text) => Buffer.from(text));
  bundles = [
    Buffer.from(root.pem + leaf.pem + leaf.keyPem),
    root.der,
    new Uint8Array(leaf.key.expose().export({ type: 'pkcs8', format: 'der' })),
    new Uint8Array(sealed),
  ];
});

/** A file with pieces replaced by pieces that its readers look for, cut, or repeated. */
const mutated = (files: readonly Uint8Array[], pieces: readonly string[]): fc.Arbitrary<Uint8Array> =>
  fc
    .record({
      file: fc.constantFrom(...files),
      edits: fc.array(
        fc.tuple(
          fc.nat(),
          fc.oneof(
            fc.uint8Array({ minLength: 1, maxLength: 3 }),
            fc.constantFrom(...pieces).map((text) => new Uint8Array(Buffer.from(text))),
          ),
        ),
        { maxLength: 5 },
      ),
      cut: fc.option(fc.nat(), { freq: 5 }),
    })
    .map(({ file, edits, cut }) => {
      const out = file.slice();
      for (const [position, octets] of edits) {
        const at = position % out.length;
        out.set(octets.subarray(0, out.length - at), at);
      }
      return cut === null ? out : out.slice(0, cut % out.length);
    });

function hammer(
  numRuns: number,
  inputs: fc.Arbitrary<Uint8Array>,
  run: (octets: Uint8Array) => unknown,
): void {
  const start = process.memoryUsage().rss;
  let slowest = 0;
  const property = fc.property(
    fc.oneof({ weight: 4, arbitrary: inputs }, fc.uint8Array({ maxLength: 200 })),
    (octets) => {
      const begun = process.hrtime.bigint();
      run(octets);
      slowest = Math.max(slowest, Number(process.hrtime.bigint() - begun) / 1e6);
    },
  );
  fc.assert(property, { numRuns });
  assert.ok(slowest < 2000, `one input took ${slowest} ms`);
  assert.ok((process.memoryUsage().rss - start) / 2 ** 20 < 300, 'memory grew');
}

test('profiles of other programs', () => {
  for (const octets of profiles) assert.ok(importProfile(octets).ok, Buffer.from(octets).toString());
  const pieces = [
    '{',
    '}',
    '"',
    '\\',
    '=',
    '<',
    '</',
    '&',
    '[',
    ']',
    '\n',
    ',',
    '%any',
    'also=',
    '__proto__',
    '0x',
    '-1',
  ];
  hammer(PROFILE_RUNS, mutated(profiles, pieces), (octets) => {
    secretsKind(octets);
    const read = importProfile(octets, { secrets: [SECRETS] });
    if (!read.ok) assert.ok(read.error.message.length < 2000);
  });
});

test('PEM and DER', () => {
  const pieces = ['-----BEGIN ', '-----END ', 'ENCRYPTED', 'RSA PRIVATE KEY', '-----', '=', '\n', '\u0000'];
  hammer(BUNDLE_RUNS, mutated(bundles, pieces), (octets) => {
    try {
      openPart({ octets, passphrase: 'x' }, new Budget(5000));
    } catch (cause) {
      if (!(cause instanceof PkiError)) throw cause;
    }
  });
});

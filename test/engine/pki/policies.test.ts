/** Certificate policies along a path (RFC 5280 §6.1), case by case as NIST's PKITS sections 4.8 to 4.12 group them. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  CertificatePolicies,
  PolicyConstraints,
  PolicyInformation,
  PolicyMapping,
  PolicyMappings,
} from '@peculiar/asn1-x509';
import * as x509 from '@peculiar/x509';
import { verifyPath } from '../../../engine/pki/path.ts';
import { type Issued, issue, NOW } from './fixtures.ts';

const P1 = '2.16.840.1.101.3.2.1.48.1';
const P2 = '2.16.840.1.101.3.2.1.48.2';
const ANY = '2.5.29.32.0';

const root = await issue({ subject: 'CN=Root', ca: true });

const extension = (oid: string, value: ArrayBuffer): x509.Extension => new x509.Extension(oid, true, value);

const policies = (...oids: string[]): x509.Extension =>
  extension(
    '2.5.29.32',
    AsnConvert.serialize(
      new CertificatePolicies(oids.map((policyIdentifier) => new PolicyInformation({ policyIdentifier }))),
    ),
  );
const octet = (value: number): ArrayBuffer => Uint8Array.of(value).buffer;
const constraints = (explicit?: number, mapping?: number): x509.Extension =>
  extension(
    '2.5.29.36',
    AsnConvert.serialize(
      new PolicyConstraints({
        ...(explicit === undefined ? {} : { requireExplicitPolicy: octet(explicit) }),
        ...(mapping === undefined ? {} : { inhibitPolicyMapping: octet(mapping) }),
      }),
    ),
  );
const mappings = (...pairs: [string, string][]): x509.Extension =>
  extension(
    '2.5.29.33',
    AsnConvert.serialize(
      new PolicyMappings(
        pairs.map(([issuerDomainPolicy, subjectDomainPolicy]) =>
          Object.assign(new PolicyMapping(), { issuerDomainPolicy, subjectDomainPolicy }),
        ),
      ),
    ),
  );
/** INTEGER, by hand: the library has it as octets without a header. */
const inhibitAny = (value: number): x509.Extension =>
  extension('2.5.29.54', Uint8Array.of(2, 1, value).buffer);

/** A path below the root, CAs first and the leaf last, one list of extensions each. */
async function verdict(...rows: (readonly x509.Extension[])[]): Promise<string> {
  const chain: Issued[] = [];
  for (const [i, extensions] of rows.entries()) {
    const isLeaf = i === rows.length - 1;
    chain.unshift(
      await issue({
        subject: `CN=${isLeaf ? 'leaf' : `CA ${i}`}`,
        ca: !isLeaf,
        issuer: chain[0] ?? root,
        extensions,
      }),
    );
  }
  const result = verifyPath(
    chain.map((one) => one.der),
    { anchors: [root.certificate], at: NOW },
  );
  return result.ok ? 'ok' : result.check;
}

test('without a demand any policies will do, or none (4.8)', async () => {
  assert.equal(await verdict([policies(P1)], [policies(P1)]), 'ok');
  assert.equal(await verdict([policies(P1)], [policies(P2)]), 'ok');
  assert.equal(await verdict([], []), 'ok');
});

test('a demand for an explicit policy (4.9)', async () => {
  const demand = (n: number) => [policies(P1), constraints(n)];
  assert.equal(await verdict(demand(0), [policies(P1)]), 'ok');
  assert.equal(await verdict(demand(0), [policies(P2)]), 'policy');
  assert.equal(await verdict(demand(0), []), 'policy');
  assert.equal(await verdict(demand(1), [policies(P1)], []), 'policy');
  assert.equal(await verdict(demand(5), [policies(P1)], []), 'ok');
  assert.equal(await verdict([constraints(0)], [policies(P1)]), 'policy', 'the CA itself has none');
});

test('a leaf that demands it of its own path', async () => {
  assert.equal(await verdict([policies(P1)], [policies(P1), constraints(0)]), 'ok');
  assert.equal(await verdict([policies(P1)], [policies(P2), constraints(0)]), 'policy');
});

test('the policy that stands for any other (4.8, 4.12)', async () => {
  assert.equal(await verdict([policies(ANY), constraints(0)], [policies(P2)]), 'ok');
  assert.equal(await verdict([policies(P1), constraints(0)], [policies(ANY)], [policies(P1)]), 'ok');
  assert.equal(await verdict([policies(P1), constraints(0)], [policies(ANY)], [policies(P2)]), 'policy');
  const demand = [policies(P1), constraints(0), inhibitAny(0)];
  assert.equal(await verdict(demand, [policies(ANY)]), 'policy');
  assert.equal(
    await verdict([policies(P1), constraints(0), inhibitAny(1)], [policies(ANY)], [policies(P1)]),
    'ok',
  );
  assert.equal(
    await verdict([policies(P1), constraints(0), inhibitAny(1)], [policies(ANY)], [policies(ANY)]),
    'policy',
  );
});

test('mapped policies (4.10), and no mapping (4.11)', async () => {
  const demand = (...more: x509.Extension[]) => [policies(P1), constraints(0), ...more];
  assert.equal(await verdict(demand(mappings([P1, P2])), [policies(P2)]), 'ok');
  assert.equal(await verdict(demand(mappings([P1, P2])), [policies(P1)]), 'policy');
  assert.equal(await verdict([policies(ANY), constraints(0), mappings([P1, P2])], [policies(P2)]), 'ok');
  assert.equal(await verdict([policies(P1), mappings([ANY, P2])], [policies(P2)]), 'policy');
  assert.equal(await verdict([policies(P1), mappings([P1, ANY])], [policies(P2)]), 'policy');
  const inhibited = [policies(P1), constraints(0, 0)];
  assert.equal(await verdict(inhibited, [policies(P1), mappings([P1, P2])], [policies(P2)]), 'policy');
  assert.equal(await verdict(demand(), [policies(P1), mappings([P1, P2])], [policies(P2)]), 'ok');
});

test('extensions that cannot be read make no certificate', async () => {
  for (const bad of [
    extension('2.5.29.36', Uint8Array.of(1).buffer),
    extension('2.5.29.32', Uint8Array.of(4, 0).buffer),
  ])
    await assert.rejects(verdict([], [bad]), /not an X\.509 certificate/);
  await assert.rejects(verdict([], [constraints(200)]), /negative/);
});

/** Identities with wildcards: RDN by RDN, and what a certificate's subject must fit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AsnConvert } from '@peculiar/asn1-schema';
import { AttributeTypeAndValue, AttributeValue, Name, RelativeDistinguishedName } from '@peculiar/asn1-x509';
import { utf8 } from '../../../engine/base/bytes.ts';
import { answerSign, createCredentials, type PeerFilter } from '../../../engine/pki/answer.ts';
import { parseIdentity } from '../../../engine/pki/identity.ts';
import { parsePattern } from '../../../engine/pki/identity-pattern.ts';
import { ID_TYPE } from '../../../engine/pki/identity-text.ts';
import { DistinguishedName } from '../../../engine/pki/name.ts';
import { issue, NOW } from './fixtures.ts';

const matches = (pattern: string, identity: string): boolean => {
  const parsed = parsePattern(pattern);
  assert.ok(parsed, `${pattern} has no wildcard`);
  return parsed.matches(parseIdentity(identity));
};

for (const [pattern, name, expected] of [
  ['C=CH, O=Example, CN=*', 'C=CH, O=Example, CN=gw', true],
  ['C=CH, O=*, CN=*', 'C=CH, O=Example, CN=gw', true],
  ['c=ch, o=eXample, cn=*', 'C=CH, O=Example, CN=gw', true],
  ['C=CH, O=Two  Words, CN=*', 'C=CH, O=two words, CN=gw', true],
  // One RDN more, one less, another order, another type: each is another name.
  ['C=CH, CN=*', 'C=CH, O=Example, CN=gw', false],
  ['C=CH, O=Example, OU=*, CN=gw', 'C=CH, O=Example, CN=gw', false],
  ['O=Example, C=CH, CN=*', 'C=CH, O=Example, CN=gw', false],
  ['C=CH, O=Example, OU=*', 'C=CH, O=Example, CN=gw', false],
  ['C=DE, O=Example, CN=*', 'C=CH, O=Example, CN=gw', false],
  // A star is a whole value, never a part of one.
  ['C=*, CN=g*', 'C=CH, CN=gw', false],
  ['C=*, CN=g*', 'C=CH, CN=g*', true],
  // Values of one RDN have no order; those of several keep theirs.
  ['C=CH, CN=*+OU=net', 'C=CH, OU=net+CN=gw', true],
  ['C=CH, OU=*+OU=net', 'C=CH, OU=net+OU=sales', true],
  ['C=CH, OU=*+OU=net', 'C=CH, OU=web+OU=sales', false],
  ['C=CH, CN=*', 'C=CH, OU=net+CN=gw', false],
  ['C=CH, CN=*+OU=net', 'C=CH, OU=net, CN=gw', false],
  ['OU=*, OU=b', 'OU=a, OU=b', true],
  ['OU=*, OU=b', 'OU=b, OU=a', false],
  ['CN=*', 'gw.example', false],
  ['*.example.org', 'gw.example.org', true],
  ['*.EXAMPLE.org', 'a.b.Example.ORG', true],
  ['*.example.org', 'example.org', false],
  ['*.example.org', '@.example.org', false],
  ['*.example.org', 'gwexample.org', false],
  ['*.example.org', 'alice@gw.example.org', false],
  ['*@example.org', 'alice@example.org', true],
  ['*@example.org', 'alice@gw.example.org', false],
  ['*@example.org', '@@@example.org', false],
] as const)
  test(`${pattern} ${expected ? 'takes' : 'refuses'} ${name}`, () => {
    assert.equal(matches(pattern, name), expected);
  });

test('plain identities are no patterns', () => {
  for (const text of [
    'C=CH, CN=gw',
    'gw.example',
    'a*b.example',
    '*',
    '192.0.2.1',
    'keyid:*',
    '*.*.example',
    'CN=a*',
  ])
    assert.equal(parsePattern(text), undefined, text);
});

test('the string type of a value does not matter, nor does a value that is no string', () => {
  const name = (value: AttributeValue): Uint8Array =>
    new Uint8Array(
      AsnConvert.serialize(
        new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: '2.5.4.10', value })])]),
      ),
    );
  const identity = (value: AttributeValue) => ({ idType: ID_TYPE.DER_ASN1_DN, data: name(value) });
  const star = parsePattern('O=*');
  for (const value of [
    new AttributeValue({ printableString: 'Example' }),
    new AttributeValue({ utf8String: 'EXAMPLE' }),
    new AttributeValue({ bmpString: 'example' }),
    new AttributeValue({ teletexString: 'Example' }),
    new AttributeValue({ anyValue: Uint8Array.of(2, 1, 5).buffer }),
  ]) {
    assert.equal(star?.matches(identity(value)), true);
    const same = DistinguishedName.fromDer(name(value)).matches(DistinguishedName.fromText('O=Example'));
    assert.equal(same, value.anyValue === undefined);
  }
  assert.equal(star?.matches({ idType: ID_TYPE.DER_ASN1_DN, data: utf8('junk') }), false);
});

test('a peer that proves another identity than the filter wants is refused', async () => {
  const root = await issue({ subject: 'CN=Root', ca: true });
  const peer = await issue({ subject: 'C=CH, O=Example, CN=gw', dns: ['gw.example'], issuer: root });
  const octets = utf8('what both have seen');
  const signature = answerSign(peer.key, { octets, peerHashes: [2], preferPss: true });
  assert.ok(signature.ok);
  const ask = async (identity: string, filter: PeerFilter) => {
    const credentials = createCredentials({ anchors: [root.certificate], now: () => NOW, filter });
    const result = await credentials.verifyPeer({
      identity: parseIdentity(identity),
      certificates: [peer.der],
      method: signature.method,
      signature: signature.data,
      octets,
    });
    return result.ok ? 'ok' : result.failure.code;
  };
  const subject = 'C=CH, O=Example, CN=gw';
  const id = (text: string): PeerFilter => ({ id: parsePattern(text) });
  const dn = (text: string): PeerFilter => ({ dn: DistinguishedName.fromText(text) });
  assert.equal(await ask(subject, id('C=CH, O=*, CN=*')), 'ok');
  assert.equal(await ask(subject, id('C=CH, O=Other, CN=*')), 'PEER_IDENTITY_MISMATCH');
  assert.equal(await ask('gw.example', id('C=CH, O=*, CN=*')), 'PEER_IDENTITY_MISMATCH');
  assert.equal(await ask('gw.example', dn('C=CH, O=Example, CN=*')), 'ok');
  assert.equal(await ask('gw.example', dn('C=CH, O=Other, CN=*')), 'PEER_CERTIFICATE');
  // What it calls itself must be in the certificate all the same.
  assert.equal(await ask('C=CH, O=Example, CN=other', id('C=CH, O=*, CN=*')), 'PEER_CERTIFICATE');
});

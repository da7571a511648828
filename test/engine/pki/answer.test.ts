import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { concat } from '../../../engine/base/bytes.ts';
import { answerSign, answerVerify, createCredentials, type SignResult } from '../../../engine/pki/answer.ts';
import { authorityHashes, chooseLeaf, splitAuthorityHashes } from '../../../engine/pki/authorities.ts';
import { parseIdentity } from '../../../engine/pki/identity.ts';
import { PrivateKey } from '../../../engine/pki/private-key.ts';
import type { Credentials } from '../../../engine/tunnel/ports.ts';
import { type Issued, issue, type KeyKind, NOW } from './fixtures.ts';

const OCTETS = new TextEncoder().encode('RealMessage1 | NonceRData | MACedIDForI');
const root = await issue({ subject: 'CN=Root', ca: true });
const ID = parseIdentity('gw.example');

function signed(result: SignResult): { readonly method: number; readonly data: Uint8Array } {
  assert.ok(result.ok, result.ok ? '' : result.failure.message);
  return result;
}

const verify = (
  peer: Issued,
  auth: { method: number; data: Uint8Array },
  over: Partial<Parameters<typeof answerVerify>[0]> = {},
) =>
  answerVerify(
    {
      identity: ID,
      certificates: [peer.der],
      method: auth.method,
      signature: auth.data,
      octets: OCTETS,
      ...over,
    },
    { anchors: [root.certificate], at: NOW },
  );

for (const [kind, peerHashes, method] of [
  ['rsa2048', undefined, 1],
  ['rsa2048', [1], 1],
  ['rsa2048', [2, 3], 14],
  ['pss2048', [2], 14],
  ['p256', undefined, 9],
  ['p384', undefined, 10],
  ['p521', undefined, 11],
  ['p256', [4], 14],
  ['ed25519', [5], 14],
] as readonly (readonly [KeyKind, readonly number[] | undefined, number])[])
  test(`${kind} for a peer with ${peerHashes ?? 'no'} hashes: method ${method}, both ways`, async () => {
    const peer = await issue({ subject: 'CN=gw', dns: ['gw.example'], issuer: root, kind });
    const auth = signed(answerSign(peer.key, { octets: OCTETS, peerHashes, preferPss: true }));
    assert.equal(auth.method, method);
    assert.deepEqual(verify(peer, auth), { ok: true, subject: 'CN=gw' });
    const other = verify(peer, auth, { octets: OCTETS.subarray(1) });
    assert.ok(
      !other.ok &&
        other.failure.code === 'PEER_AUTHENTICATION_FAILED' &&
        other.failure.check === 'auth-signature',
    );
  });

test('each refusal has its code and check', async () => {
  const peer = await issue({ subject: 'CN=gw', dns: ['gw.example'], issuer: root });
  const auth = signed(answerSign(peer.key, { octets: OCTETS, peerHashes: [2], preferPss: false }));
  const refusal = (result: ReturnType<typeof verify>) =>
    result.ok ? 'accepted' : `${result.failure.code} ${result.failure.check}`;
  assert.equal(refusal(verify(peer, auth)), 'accepted');
  assert.equal(
    refusal(verify(peer, auth, { identity: parseIdentity('other.example') })),
    'PEER_CERTIFICATE identity',
  );
  assert.equal(refusal(verify(peer, auth, { certificates: [] })), 'PEER_CERTIFICATE no-certificate');
  for (const over of [
    { method: 9 },
    { method: 1 },
    { method: 10 },
    { method: 2 },
    { method: 14, signature: Uint8Array.of() },
    { signature: Uint8Array.of(200, 1, 2) },
  ])
    assert.equal(
      refusal(verify(peer, auth, over)),
      'PEER_AUTHENTICATION_FAILED auth-signature',
      JSON.stringify(over),
    );
  const stranger = await issue({ subject: 'CN=gw', dns: ['gw.example'] });
  assert.equal(refusal(verify(stranger, auth)), 'PEER_CERTIFICATE unknown-ca');
});

test('SHA-1 in method 14 is refused (RFC 8247 §3.2)', async () => {
  const peer = await issue({ subject: 'CN=gw', dns: ['gw.example'], issuer: root, kind: 'rsa2048' });
  const classic = signed(answerSign(peer.key, { octets: OCTETS, peerHashes: undefined, preferPss: false }));
  const algorithm = Uint8Array.from(Buffer.from('0f300d06092a864886f70d0101050500', 'hex'));
  const result = verify(peer, { method: 14, data: concat(algorithm, classic.data) });
  assert.ok(!result.ok);
  assert.match(result.failure.message, /SHA-1/);
});

test('a key that cannot serve the peer is our own failure', () => {
  const key = new PrivateKey(generateKeyPairSync('ed25519').privateKey);
  for (const own of [key, undefined]) {
    const result = answerSign(own, { octets: OCTETS, peerHashes: [2], preferPss: true });
    assert.ok(!result.ok && result.failure.code === 'LOCAL_CREDENTIALS');
  }
});

test('the credentials fill the port of tunnels', async () => {
  const peer = await issue({ subject: 'CN=gw', dns: ['gw.example'], issuer: root });
  const port: Credentials = createCredentials({ key: peer.key, anchors: [root.certificate], now: () => NOW });
  const signature = await port.sign({
    kind: 'sign',
    request: 1,
    octets: OCTETS,
    peerHashes: [2],
    preferPss: true,
  });
  assert.ok(signature.ok);
  const { method, data } = signature;
  const request = {
    kind: 'verify-peer',
    request: 2,
    identity: ID,
    certificates: [peer.der],
    method,
    signature: data,
    octets: OCTETS,
  } as const;
  assert.deepEqual(await port.verifyPeer(request), { ok: true, subject: 'CN=gw' });
});

test('CERTREQ: hashes of the authorities, and the certificate that suits them', async () => {
  const other = await issue({ subject: 'CN=Other', ca: true });
  const sub = await issue({ subject: 'CN=Sub', ca: true, issuer: other });
  const one = await issue({ subject: 'CN=one', issuer: root });
  const two = await issue({ subject: 'CN=two', issuer: sub });
  const hashes = authorityHashes([other.certificate, root.certificate, root.certificate]);
  const expected = createHash('sha1')
    .update(other.certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
  assert.equal(hashes.length, 40);
  assert.deepEqual(hashes.subarray(0, 20), new Uint8Array(expected));
  assert.deepEqual(splitAuthorityHashes(concat(hashes, Uint8Array.of(1))).length, 2);

  const bundle = {
    certificates: [root, one, sub, two, other].map((c) => c.certificate),
    keys: [one.key, two.key],
  };
  const chosen = (...wanted: Issued[]) =>
    chooseLeaf(
      bundle,
      wanted.map((c) => c.certificate.spkiSha1),
    )?.chain.map((c) => c.label);
  assert.deepEqual(chosen(), ['CN=one']);
  assert.deepEqual(chosen(root), ['CN=one']);
  assert.deepEqual(chosen(other), ['CN=two', 'CN=Sub']);
  assert.deepEqual(chosen(sub), ['CN=two', 'CN=Sub']);
  assert.equal(chooseLeaf({ certificates: bundle.certificates, keys: [] }, []), undefined);
});

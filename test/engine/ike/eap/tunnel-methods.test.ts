/** EAP-TLS, EAP-TTLS and PEAP against a TLS server in this process, with our own check of its certificate. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex, utf8 } from '../../../../engine/base/bytes.ts';
import type { Failure } from '../../../../engine/base/failure.ts';
import { Secret } from '../../../../engine/base/secret.ts';
import type { MethodContext, Phase2Name, TunnelName } from '../../../../engine/ike/eap/method.ts';
import { type EapOutcome, EapPeer } from '../../../../engine/ike/eap/peer.ts';
import type { TlsVersion } from '../../../../engine/ike/eap/tls-steps.ts';
import { createCredentials } from '../../../../engine/pki/answer.ts';
import { parseIdentity } from '../../../../engine/pki/identity.ts';
import { seededRandom } from '../../../sim/configs.ts';
import { type Issued, issue } from '../../pki/fixtures.ts';
import { sha1 } from './sha1.ts';
import { type ServerWishes, TlsServer } from './tls-server.ts';

const PASSWORD = 'Ar3etTnp, ünïcode';
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
const TYPES = { tls: 13, ttls: 21, peap: 25 } as const;
const context: MethodContext = { sha1, random: seededRandom('tunnel') };

/** The TLS server looks at the real clock. */
const LONG = { from: '2020-01-01T00:00:00Z', to: '2049-01-01T00:00:00Z' } as const;
const root = await issue({ subject: 'CN=Root', ca: true, ...LONG });
const sub = await issue({ subject: 'CN=Sub', ca: true, issuer: root, ...LONG });
const aaa = await issue({ subject: 'CN=aaa', dns: ['aaa.example'], issuer: sub, ...LONG });
const client = await issue({ subject: 'CN=carol', dns: ['carol.example'], issuer: root, ...LONG });
const stranger = await issue({ subject: 'CN=Stranger', ca: true, ...LONG });
const impostor = await issue({ subject: 'CN=aaa', dns: ['aaa.example'], issuer: stranger, ...LONG });
const unknown = await issue({ subject: 'CN=mallory', issuer: stranger, ...LONG });

interface Wishes {
  readonly method: TunnelName;
  readonly phase2?: Phase2Name;
  readonly server?: Partial<ServerWishes>;
  readonly password?: string;
  readonly own?: Issued;
  readonly anchors?: readonly Issued[];
  readonly serverId?: string;
  readonly tls?: { readonly min: TlsVersion; readonly max: TlsVersion };
}

interface Run {
  readonly end: EapOutcome;
  readonly doom: Failure | undefined;
  readonly server: TlsServer;
  /** Requests and responses. */
  readonly rounds: number;
}

async function run(wishes: Wishes): Promise<Run> {
  const { method, own = client } = wishes;
  const server = new TlsServer({
    type: TYPES[method],
    own: aaa,
    chain: [sub],
    ...(method === 'tls' ? { clients: root } : {}),
    ...wishes.server,
  });
  const credentials = createCredentials({
    eapOwn: { key: own.key, chain: [own.certificate] },
    anchors: (wishes.anchors ?? [root]).map((c) => c.certificate),
    now: () => Date.now(),
  });
  const peer = new EapPeer(
    {
      methods: [method],
      username: 'carol',
      identity: 'anonymous',
      password: new Secret(utf8(wishes.password ?? PASSWORD)),
      phase2: wishes.phase2,
      tls: wishes.tls,
    },
    context,
  );
  const tls = credentials.openTls(parseIdentity(wishes.serverId ?? 'aaa.example'));
  let packet = server.start();
  let doom: Failure | undefined;
  try {
    for (let rounds = 1; rounds < 1000; rounds++) {
      let outcome = peer.take(packet);
      while (outcome.kind === 'tls') outcome = outcome.answered(await tls.step(outcome.step));
      if (outcome.kind !== 'respond') return { end: outcome, doom, server, rounds };
      doom ??= outcome.doom;
      packet = await server.take(outcome.packet);
    }
    throw new Error('it does not end');
  } finally {
    tls.close();
    server.close();
  }
}

function succeeded({ end, server }: Run): string {
  assert.equal(end.kind, 'success', JSON.stringify(end));
  assert.ok(end.kind === 'success' && end.msk && server.msk, 'a key at both ends');
  assert.equal(end.msk.length, 64);
  assert.equal(toHex(end.msk), toHex(server.msk), 'both ends have the same MSK');
  assert.equal(server.identity, 'anonymous');
  return end.method;
}

for (const version of VERSIONS) {
  const text = version.replace('v', ' ');

  test(`EAP-TLS, ${text}: both prove themselves, both have the same MSK`, async () => {
    const done = await run({ method: 'tls', server: { version } });
    assert.equal(succeeded(done), `EAP-TLS (${text})`);
    assert.equal(done.server.clientSubject, 'carol');
  });

  test(`EAP-TLS, ${text}: in small fragments both ways`, async () => {
    const large = await issue({ subject: 'CN=large', issuer: root, kind: 'rsa4096', ...LONG });
    const done = await run({ method: 'tls', own: large, server: { version, fragment: 30 } });
    succeeded(done);
    assert.ok(done.server.largest <= 1029, `packets of ${done.server.largest}`);
    assert.ok(done.rounds > 25, `${done.rounds} rounds`);
  });

  test(`EAP-TLS, ${text}: a client certificate that the server does not know`, async () => {
    const { end, doom } = await run({ method: 'tls', own: unknown, server: { version } });
    if (doom) assert.equal(doom.code, 'AUTHENTICATION_FAILED');
    assert.equal(end.kind, 'refused');
  });

  for (const [phase2, inner] of [
    ['pap', 'pap'],
    ['mschapv2', 'mschapv2'],
    ['eap-mschapv2', 'mschapv2'],
    ['eap-gtc', 'gtc'],
    ['eap-md5', 'md5'],
  ] as const) {
    const server = { version, phase2: inner };
    const wanted = { method: 'ttls', phase2, server } as const;

    test(`EAP-TTLS/${phase2}, ${text}`, async () => {
      const name = { pap: 'PAP', mschapv2: 'MSCHAPv2' }[phase2 as string] ?? phase2.replace('eap', 'EAP');
      const method = succeeded(await run(wanted));
      assert.equal(method.toLowerCase(), `eap-ttls/${name} (${text})`.toLowerCase());
    });

    test(`EAP-TTLS/${phase2}, ${text}: a wrong password`, async () => {
      const { end } = await run({ ...wanted, password: 'another' });
      assert.ok(end.kind === 'refused', JSON.stringify(end));
      assert.match(end.message, /password/);
    });
  }

  for (const method of ['mschapv2', 'gtc', 'md5'] as const) {
    const wanted = { method: 'peap', phase2: `eap-${method}`, server: { version, phase2: method } } as const;

    test(`PEAP/${method}, ${text}, without and with a cryptographic binding`, async () => {
      assert.match(succeeded(await run(wanted)), /^PEAP\//);
      succeeded(await run({ ...wanted, server: { ...wanted.server, binding: 'right' } }));
    });

    test(`PEAP/${method}, ${text}: a wrong password`, async () => {
      const { end } = await run({ ...wanted, password: 'another' });
      assert.ok(end.kind === 'refused', JSON.stringify(end));
      assert.match(end.message, /password/);
    });
  }

  test(`PEAP, ${text}: a binding that is not genuine is a man in the middle`, async () => {
    const server = { version, phase2: 'mschapv2', binding: 'wrong' } as const;
    const { end } = await run({ method: 'peap', server });
    assert.ok(end.kind === 'broken' && end.impostor, JSON.stringify(end));
  });

  for (const method of ['tls', 'ttls', 'peap'] as const) {
    const wanted = { method, phase2: method === 'ttls' ? 'pap' : 'mschapv2' } as const;

    test(`${method}, ${text}: a server of an unknown CA learns nothing of us`, async () => {
      const server = { version, own: impostor, chain: [], phase2: 'pap' } as const;
      const { end, server: heard, rounds } = await run({ ...wanted, server });
      assert.ok(end.kind === 'broken', JSON.stringify(end));
      assert.equal(end.failure?.code, 'PEER_CERTIFICATE');
      assert.equal(end.failure?.check, 'unknown-ca');
      assert.equal(heard.clientSubject, undefined);
      assert.ok(rounds < 8, `${rounds} rounds`);
    });

    test(`${method}, ${text}: another server than the profile names`, async () => {
      const { end } = await run({ ...wanted, serverId: 'gw.example', server: { version, phase2: 'pap' } });
      assert.ok(end.kind === 'broken', JSON.stringify(end));
      assert.equal(end.failure?.check, 'identity');
      assert.match(end.failure?.message ?? '', /aaa\.example/);
    });
  }
}

test('EAP-TLS 1.3: success without the word of the server is none (RFC 9190 §2.5)', async () => {
  const { end } = await run({ method: 'tls', server: { version: 'TLSv1.3', silent: true } });
  assert.ok(end.kind === 'broken', JSON.stringify(end));
  assert.match(end.message, /did not confirm inside of TLS 1\.3/);
});

test('a TLS version that the profile excludes', async () => {
  const { end, doom } = await run({
    method: 'tls',
    server: { version: 'TLSv1.2' },
    tls: { min: 'TLSv1.3', max: 'TLSv1.3' },
  });
  assert.ok(end.kind === 'refused' || end.kind === 'broken', JSON.stringify(end));
  const failure = doom ?? (end.kind === 'broken' ? end.failure : undefined);
  assert.match(failure?.message ?? '', /TLS/);
});

/** Spoils the server's fragments, the first being 1; identity, start and acknowledgements carry no TLS and pass. */
const spoiled = async (spoilFragment: NonNullable<ServerWishes['spoil']>): Promise<string> => {
  let fragments = 0;
  const spoil = (data: Uint8Array): Uint8Array => (data.length > 1 ? spoilFragment(data, ++fragments) : data);
  const { end, doom } = await run({ method: 'tls', server: { version: 'TLSv1.2', fragment: 200, spoil } });
  assert.ok(end.kind === 'broken' || doom, JSON.stringify(end));
  return end.kind === 'broken' ? end.message : (doom?.message ?? '');
};

test('fragments that break the rules end the method, and take no memory', async () => {
  const length = (data: Uint8Array, value: number): Uint8Array => {
    const copy = data.slice();
    new DataView(copy.buffer).setUint32(1, value);
    return copy;
  };
  assert.match(
    await spoiled((d, n) => (n === 1 ? length(d, 0xffffffff) : d)),
    /a message of 4294967295 octets/,
  );
  assert.match(await spoiled((d, n) => (n === 1 ? length(d, 100) : d)), /more octets than were announced/);
  assert.match(await spoiled((d, n) => (n === 1 ? d.subarray(0, 3) : d)), /too short for its length/);
  assert.match(
    await spoiled((d, n) => (n === 1 ? Uint8Array.of(0x40, ...d.subarray(5)) : d)),
    /without a length/,
  );
  assert.match(
    await spoiled((d, n) => (n === 2 ? Uint8Array.of(0, ...d.subarray(1, 50)) : d)),
    /fewer octets/,
  );
  assert.match(await spoiled((d, n) => (n === 2 ? Uint8Array.of(0x20) : d)), /a start amid fragments/);
  assert.match(await spoiled((d, n) => (n === 2 ? d.subarray(0, 1) : d)), /nothing in it/);
  assert.match(await spoiled((d, n) => (n === 1 ? d.subarray(0, 0) : d)), /without flags/);
  // Octets that are no TLS.
  assert.match(await spoiled((d, n) => (n === 1 ? Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9) : d)), /TLS/);
});

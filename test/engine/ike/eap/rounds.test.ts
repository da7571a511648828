/** IKE_AUTH with EAP, message by message (RFC 7296 §2.16), between the session as initiator and as responder. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../../../engine/base/bytes.ts';
import type { Failure } from '../../../../engine/base/failure.ts';
import { Secret } from '../../../../engine/base/secret.ts';
import type { IkeConfig } from '../../../../engine/ike/contract.ts';
import type { Ask } from '../../../../engine/ike/eap/ask.ts';
import type { SimpleName } from '../../../../engine/ike/eap/method.ts';
import { AuthMethod } from '../../../../engine/wire/registry.ts';
import { World, type WorldOptions } from '../../../sim/world.ts';

const NONE = new Uint8Array(0);
const CERTIFICATE = utf8('the certificate of the gateway');
const SIGNATURE = utf8('its signature');
const PASSWORD = 'Ar3etTnp, ünïcode';

interface Wishes {
  readonly ours?: readonly SimpleName[];
  readonly theirs?: readonly SimpleName[];
  readonly username?: string;
  /** `null`: none is configured. */
  readonly password?: string | null;
  readonly question?: string;
  readonly answer?: string | Failure;
  readonly verified?: boolean;
  readonly more?: Partial<WorldOptions>;
}

let asked: Ask[] = [];

function world(wishes: Wishes = {}): World {
  asked = [];
  const { ours = ['mschapv2'], theirs = ['mschapv2'], username = 'carol', verified = true } = wishes;
  const initiator: Partial<IkeConfig> = {
    localAuth: {
      kind: 'eap',
      methods: ours,
      identity: username,
      username,
      password: wishes.password === null ? undefined : new Secret(utf8(wishes.password ?? PASSWORD)),
    },
    remoteAuth: { kind: 'pubkey', authorities: NONE },
  };
  const responder: Partial<IkeConfig> = {
    localAuth: { kind: 'pubkey', chain: [CERTIFICATE] },
    remoteAuth: {
      kind: 'eap',
      authorities: NONE,
      eap: {
        methods: theirs,
        ...(wishes.question === undefined ? {} : { question: wishes.question }),
        password: (name) => (name === 'carol' ? new Secret(utf8(PASSWORD)) : undefined),
      },
    },
  };
  return new World({
    initiator,
    responder,
    sign: () => ({ ok: true, method: AuthMethod.DIGITAL_SIGNATURE, data: SIGNATURE }),
    verify: (_who, { certificates, signature }) => {
      assert.deepEqual(certificates, [CERTIFICATE]);
      assert.deepEqual(signature, SIGNATURE);
      return verified
        ? { ok: true, subject: 'CN=gw' }
        : {
            ok: false,
            failure: { code: 'PEER_CERTIFICATE', phase: 'IKE_AUTH', authenticated: false, message: 'no' },
          };
    },
    ask: ({ ask }) => {
      asked.push(ask);
      if (wishes.answer === undefined) return undefined;
      return typeof wishes.answer === 'string'
        ? { ok: true, secret: new Secret(utf8(wishes.answer)) }
        : { ok: false, failure: wishes.answer };
    },
    ...wishes.more,
  });
}

const kinds = (line: string): string => line.replace(/\([^)]*\)/g, '');

test('MSCHAPv2: the gateway proves itself first, then EAP, then AUTH by the MSK at both ends', () => {
  const w = world().connect();
  assert.deepEqual(w.exchanges('i').slice(2).map(kinds), [
    // --> IKE_AUTH without AUTH
    'IKE_AUTH request 1 [SK{IDi N IDr CP SA TSi TSr}]',
    // <-- the gateway's proof and EAP-Identity
    'IKE_AUTH response 1 [SK{IDr CERT AUTH EAP}]',
    'IKE_AUTH request 2 [SK{EAP}]',
    // <-- Challenge
    'IKE_AUTH response 2 [SK{EAP}]',
    'IKE_AUTH request 3 [SK{EAP}]',
    // <-- Success of MSCHAPv2, then of EAP
    'IKE_AUTH response 3 [SK{EAP}]',
    'IKE_AUTH request 4 [SK{EAP}]',
    'IKE_AUTH response 4 [SK{EAP}]',
    'IKE_AUTH request 5 [SK{AUTH}]',
    'IKE_AUTH response 5 [SK{AUTH CP SA TSi TSr}]',
  ]);
  w.assertSameChildren(1);
  w.assertSameIke();
  assert.equal(w.sessions.i.view().eapMethod, 'EAP-MSCHAPv2');
  assert.equal(w.sessions.i.view().remoteAuthMethod, AuthMethod.DIGITAL_SIGNATURE);
});

for (const method of ['md5', 'gtc'] as const)
  test(`${method}: no MSK, so that AUTH is made with SK_pi and SK_pr`, () => {
    const w = world({ ours: [method], theirs: [method] }).connect();
    w.assertSameChildren(1);
    assert.match(w.notes('i').join('\n'), /accepted us, without a key of its own/);
  });

for (const method of ['mschapv2', 'md5', 'gtc'] as const)
  test(`${method}: a wrong password ends both ends at once with its reason`, () => {
    const w = world({ ours: [method], theirs: [method], password: 'another' });
    w.start().run(10_000);
    const failure = w.closed('i')?.failure;
    assert.equal(failure?.code, 'AUTHENTICATION_FAILED');
    assert.match(
      failure?.message ?? '',
      method === 'mschapv2'
        ? /user name or password is wrong \("Authentication failed"\)/
        : /refuses user name/,
    );
    assert.equal(failure?.authenticated, true);
    assert.equal(w.closed('r')?.failure?.code, 'PEER_AUTHENTICATION_FAILED');
    assert.deepEqual(w.sessions.i.ownSpis(), []);
  });

for (const method of ['mschapv2', 'gtc'] as const)
  test(`${method}: a password that is not configured is asked for, and the user may take a while`, () => {
    const w = world({ ours: [method], theirs: [method], password: null, answer: PASSWORD }).connect();
    assert.deepEqual(
      asked.map((ask) => [ask.kind, ask.user]),
      [['password', 'carol']],
    );
    w.assertSameChildren(1);
    assert.equal(w.sessions.i.view().retransmits, 0, 'nothing of ours is under way while the user thinks');
  });

for (const method of ['gtc', 'otp'] as const)
  test(`${method}: a one-time code is asked for in the gateway's words`, () => {
    const question = 'Code on your\ttoken?';
    const w = world({ ours: [method], theirs: [method], question, answer: PASSWORD }).connect();
    assert.deepEqual(asked, [{ kind: 'one-time-code', user: 'carol', text: 'Code on your token?' }]);
    w.assertSameChildren(1);
  });

test('no answer of the user ends both ends with its reason', () => {
  const failure: Failure = {
    code: 'SECRET_NEEDED',
    phase: 'IKE_AUTH',
    authenticated: true,
    message: 'nobody answered',
  };
  const w = world({ ours: ['gtc'], theirs: ['gtc'], password: null, answer: failure });
  w.start().run(60_000);
  assert.deepEqual(w.closed('i')?.failure, failure);
  assert.ok(w.closed('r'), 'the gateway was told');
});

test('an end while the question stands tells the gateway, and a late answer does nothing', () => {
  const w = world({ ours: ['gtc'], theirs: ['gtc'], password: null });
  w.start().run(1000);
  assert.equal(asked.length, 1);
  const [question] = w.of('i', 'ask');
  w.feed('i', { kind: 'command', command: { kind: 'close' } });
  w.run(10_000);
  assert.ok(w.closed('i') && w.closed('r'));
  const secret = new Secret(utf8('late'));
  w.feed('i', { kind: 'answer', request: question?.request ?? 0, result: { ok: true, secret } });
  assert.deepEqual(secret.expose(), new Uint8Array(4), 'wiped');
});

test('an unknown user is refused', () => {
  const w = world({ username: 'mallory' });
  w.start().run(10_000);
  assert.match(w.closed('i')?.failure?.message ?? '', /refuses the user mallory/);
});

test('a method that the profile does not allow is declined by Nak, with what it does allow', () => {
  const w = world({ ours: ['gtc'], theirs: ['mschapv2', 'gtc'] }).connect();
  assert.equal(w.sessions.i.view().eapMethod, 'EAP-GTC');
  assert.match(w.notes('i').join('\n'), /EAP-MSCHAPv2 is not allowed, asking for EAP-GTC/);
  const none = world({ ours: ['mschapv2'], theirs: ['gtc'] });
  none.start().run(10_000);
  const failure = none.closed('i')?.failure;
  assert.equal(failure?.code, 'AUTHENTICATION_FAILED');
  assert.match(failure?.message ?? '', /insists on EAP-GTC, which this profile does not allow/);
});

test('a gateway whose certificate is not good learns neither user name nor password', () => {
  const w = world({ verified: false, ours: ['gtc'], theirs: ['gtc'] });
  w.start().run(10_000);
  assert.equal(w.closed('i')?.failure?.code, 'PEER_CERTIFICATE');
  assert.equal(w.exchanges('i').filter((line) => line.includes('request') && line.includes('EAP')).length, 0);
  assert.ok(w.closed('r'), 'the gateway was told');
});

test('EAP without a gateway that must prove itself by certificate does not begin', () => {
  const secret = new Secret(utf8('shared'));
  const w = new World({
    initiator: {
      localAuth: {
        kind: 'eap',
        methods: ['gtc'],
        identity: 'carol',
        username: 'carol',
        password: secret,
      },
      remoteAuth: { kind: 'psk', secret: () => secret, authorities: NONE },
    },
  });
  w.start().run(5000);
  assert.equal(w.closed('i')?.failure?.code, 'LOCAL_CREDENTIALS');
});

test('a peer that does not ask for EAP is refused by a gateway that demands it', () => {
  const secret = new Secret(utf8('shared'));
  const plain = world({
    more: {
      initiator: {
        localAuth: { kind: 'psk', secret },
        remoteAuth: { kind: 'pubkey', authorities: NONE },
      },
    },
  });
  plain.start().run(10_000);
  assert.equal(plain.closed('i')?.failure?.code, 'AUTHENTICATION_FAILED');
});

test('whatever the network does, EAP comes to its end', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const network = { loss: 0.2, reorder: 0.3, duplicate: 0.3, latency: 10 };
    const w = world({ more: { seed, network } });
    w.start().until(() => w.closed('i') !== undefined || w.state('i') === 'ESTABLISHED', 300_000);
    if (!w.closed('i')) {
      w.until(() => w.state('r') === 'ESTABLISHED', 60_000);
      w.assertSameIke();
    }
  }
});

test('no word of the log holds the password', () => {
  const w = world({ ours: ['gtc'], theirs: ['gtc'] }).connect();
  const text = [...w.notes('i'), ...w.notes('r')].join('\n');
  assert.ok(!text.includes(PASSWORD) && !text.includes(Buffer.from(PASSWORD).toString('hex')));
});

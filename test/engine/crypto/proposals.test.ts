import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  defaultProposals,
  type ProposalProtocol,
  parseProposal,
  parseProposals,
  printProposal,
} from '../../../engine/crypto/proposals.ts';

const read = (text: string, protocol: ProposalProtocol): string => {
  const parsed = parseProposal(text, protocol);
  if (!parsed.ok) return `${parsed.error.token}: ${parsed.error.reason}`;
  return parsed.value.transforms
    .map((t) => `${t.type}/${t.id}${t.keyLength === undefined ? '' : `/${t.keyLength}`}`)
    .join(' ');
};

test('IKE proposals', () => {
  assert.equal(read('aes256gcm16-prfsha384-ecp384', 'ike'), '1/20/256 2/6 4/20');
  assert.equal(read('aes128-sha256-modp2048', 'ike'), '1/12/128 2/5 3/12 4/14');
  assert.equal(read('chacha20poly1305-prfsha256-x25519', 'ike'), '1/28 2/5 4/31');
  assert.equal(
    read('aes128gcm16-aes256gcm16-prfsha256-prfsha384-x25519-ecp256', 'ike'),
    '1/20/128 1/20/256 2/5 2/6 4/31 4/19',
  );
  assert.equal(read('aes128gcm16-sha256-x25519', 'ike'), '1/20/128 2/5 4/31', 'integrity serves as PRF only');
  assert.equal(read('AES256-SHA1-prfsha256-curve25519-aes256', 'ike'), '1/12/256 2/5 3/2 4/31');
});

test('ESP proposals', () => {
  assert.equal(read('aes256gcm16-ecp384-esn', 'esp'), '1/20/256 4/20 5/1');
  assert.equal(read('aes128-sha256', 'esp'), '1/12/128 3/12 5/0');
  assert.equal(read('aes256gcm128-esn-noesn', 'esp'), '1/20/256 5/1 5/0');
});

test('what is refused, and at which word', () => {
  const cases: readonly [string, ProposalProtocol, RegExp][] = [
    ['aes256-foo-x25519', 'ike', /^foo: is no known/],
    ['des-sha1-modp2048', 'ike', /^des: is broken/],
    ['null-sha256-modp2048', 'ike', /^null: encrypts nothing/],
    ['aes128gmac-prfsha256-x25519', 'ike', /^aes128gmac: encrypts nothing/],
    ['aes128-md5_128-modp2048', 'ike', /a PRF is missing/],
    ['aes128-sha256-ke1_mlkem768', 'esp', /additional key exchanges need/],
    ['aes128-sha256-x25519-ke8_mlkem768', 'ike', /^ke8_mlkem768: is no known/],
    ['aes128-aes128gcm16-sha256-x25519', 'ike', /do not mix/],
    ['aes128gcm16-x25519', 'ike', /a PRF is missing/],
    ['aes128gcm16-prfsha256', 'ike', /a key exchange method is missing/],
    ['aes128-x25519', 'ike', /an integrity algorithm is missing/],
    ['aes128', 'esp', /an integrity algorithm is missing/],
    ['sha256-x25519', 'ike', /an encryption algorithm is missing/],
    ['aes128gcm16-prfsha256-x25519-esn', 'ike', /^esn: belongs to ESP/],
    ['aes128gcm16-prfsha256', 'esp', /^prfsha256: belongs to IKE/],
    ['aes128gcm16-prfsha256-modpnone', 'ike', /^modpnone: IKE needs/],
    ['aes128--sha256', 'esp', /^: a word is missing/],
    ['', 'esp', /a word is missing/],
    ['!', 'ike', /a word is missing/],
    [`aes128${'-sha256'.repeat(200)}`, 'esp', /more than 128 words/],
  ];
  for (const [text, protocol, expected] of cases) assert.match(read(text, protocol), expected, text);
});

test('printing is the inverse of reading', () => {
  for (const text of [
    'aes256gcm16-prfsha384-ecp384!',
    'aes128-sha256-modp2048',
    'aes128-sha256-sha1-prfsha512-x25519',
    'chacha20poly1305-prfsha1-modp4096-modp3072',
  ])
    assert.equal(printed(text, 'ike'), text);
  for (const text of ['aes128-sha256', 'aes192gcm16-ecp521-modpnone-esn-noesn!'])
    assert.equal(printed(text, 'esp'), text);
  assert.equal(printed('aes128-sha256-prfsha256-modp2048', 'ike'), 'aes128-sha256-modp2048');
  const foreign = {
    transforms: [
      { type: 1, id: 99, keyLength: 64 },
      { type: 1, id: 3 },
    ],
    strict: false,
  };
  assert.equal(printProposal(foreign), '1:99:64-3des');
});

function printed(text: string, protocol: ProposalProtocol): string {
  const parsed = parseProposal(text, protocol);
  assert.ok(parsed.ok, text);
  const again = parseProposal(printProposal(parsed.value), protocol);
  assert.deepEqual(again, parsed);
  return printProposal(parsed.value);
}

test('lists and defaults', () => {
  const list = parseProposals('aes128gcm16-prfsha256-x25519, default!', 'ike');
  assert.ok(list.ok);
  assert.equal(list.value.length, 1 + defaultProposals('ike').length);
  assert.ok(list.value.every((p) => p.strict));
  assert.equal(parseProposals('aes128gcm16,', 'esp').ok, false);
  for (const protocol of ['ike', 'esp'] as const)
    for (const p of defaultProposals(protocol))
      assert.deepEqual(parseProposal(printProposal(p), protocol), { ok: true, value: p });
  const first = defaultProposals('ike')[0]?.transforms;
  assert.ok(
    first?.filter((t) => t.type === 1).every((t) => t.id === 20 || t.id === 28),
    'AEADs first',
  );
});

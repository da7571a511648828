import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENCR_ROWS } from '../../../engine/crypto/algorithms.ts';
import { PRESETS } from '../../../engine/crypto/presets.ts';
import { keywords } from '../../../engine/crypto/proposal-keywords.ts';
import {
  defaultProposals,
  type ProposalProtocol,
  parseProposal,
  parseProposals,
  presetProposals,
  printProposal,
  weakTransforms,
} from '../../../engine/crypto/proposals.ts';
import { labelOf } from '../../../engine/crypto/suites.ts';

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
    ['aes128-sha256-modpnone-ke1_mlkem768', 'esp', /additional key exchanges need/],
    ['aes128-sha256-x25519-ke1_x25519', 'ike', /repeats a key exchange/],
    ['aes128-sha256-x25519-ke1_mlkem768-ke2_mlkem768', 'ike', /repeats a key exchange/],
    ['aes128-sha256-x25519-ke1_mlkem9', 'ike', /no known algorithm/],
    ['aes128-sha256-x25519-ke8_mlkem768', 'ike', /no known algorithm/],
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

test('every keyword reads as itself and prints as the first one of its transform', () => {
  const beside: Readonly<Record<number, string>> = {
    1: '-sha256-prfsha512-x25519',
    2: 'aes128-sha256-x25519-',
    3: 'aes128-prfsha512-x25519-',
    4: 'aes128-sha256-prfsha512-',
    5: 'aes128-sha256-',
  };
  const list = keywords();
  assert.ok(list.length > 330, `${list.length} keywords`);
  for (const k of list) {
    const protocol = k.type === 5 || k.keyword === 'modpnone' || k.keyword === 'none' ? 'esp' : 'ike';
    const esp = k.type === 1 && ENCR_ROWS.get(k.id)?.espOnly === true;
    const text =
      k.type === 1
        ? `${k.keyword}${esp ? '-sha256' : beside[1]}`
        : protocol === 'esp'
          ? `aes128-sha256-${k.keyword}`
          : `${beside[k.type] ?? 'aes128-sha256-x25519-ecp256-prfsha512-'}${k.keyword}`;
    const parsed = parseProposal(text, esp ? 'esp' : protocol);
    assert.ok(parsed.ok, `${text}: ${parsed.ok ? '' : parsed.error.reason}`);
    const mine = parsed.value.transforms.find((t) => t.type === k.type && t.id === k.id);
    assert.equal(mine?.keyLength, k.keyLength, k.keyword);
    const again = parseProposal(printProposal(parsed.value), esp ? 'esp' : protocol);
    assert.deepEqual(again, parsed, k.keyword);
  }
});

test('keywords of strongSwan that must not change their meaning', () => {
  for (const [text, expected] of [
    ['blowfish256-sha1', '1/7/256 3/2 5/0'],
    ['cast128-md5_128', '1/6/128 3/6 5/0'],
    ['3des-sha1_160', '1/3 3/7 5/0'],
    ['null-sha256_96', '1/11 3/1026 5/0'],
    ['serpent192-aescmac', '1/1026/192 3/8 5/0'],
    ['twofish-aesxcbc', '1/1027/128 3/5 5/0'],
    ['aes192ctr-camellia256ctr-sha512', '1/13/192 1/24/256 3/14 5/0'],
    ['aes128ccm8-aes128ccm64-aes256ccm12-aes192ccm128', '1/14/128 1/15/256 1/16/192 5/0'],
    ['camellia128ccm96-aes256gcm8', '1/26/128 1/18/256 5/0'],
    ['aes256gmac-ecp256bp-none', '1/21/256 4/28 4/0 5/0'],
    ['aes256gcm16-x25519-ke2_none-ke1_mlkem768-ke1_mlkem512', '1/20/256 4/31 5/0 6/36 6/35 7/0'],
  ] as const)
    assert.equal(read(text, 'esp'), expected);
  assert.equal(
    read('aes128-aesxcbc-aescmac-md5-modp1024s160', 'ike'),
    '1/12/128 2/4 2/8 2/1 3/5 3/8 3/1 4/22',
    'PRFs come from integrity algorithms',
  );
});

test('presets', () => {
  const weak = (name: string, protocol: ProposalProtocol): string =>
    weakTransforms(presetProposals(name, protocol) ?? [])
      .map((w) => `${w.word} ${w.label}`)
      .join(', ');
  for (const protocol of ['ike', 'esp'] as const) {
    for (const name of ['recommended', 'suite-b', 'apple', 'default']) assert.equal(weak(name, protocol), '');
    assert.deepEqual(weakTransforms(defaultProposals(protocol)), []);
    for (const [name, preset] of PRESETS) {
      assert.ok(preset.source.length > 0);
      const texts = (presetProposals(name, protocol) ?? []).map(printProposal);
      assert.deepEqual(parseProposals(texts.join(','), protocol), {
        ok: true,
        value: presetProposals(name, protocol),
      });
    }
  }
  assert.equal(weak('windows', 'ike'), '3des legacy, prfsha1 legacy, sha1 legacy, modp1024 legacy');
  assert.equal(weak('fritzbox', 'esp'), 'sha1 legacy, 3des legacy, md5 broken');
  assert.equal(presetProposals('nothing', 'ike'), undefined);
  const list = parseProposals('aes128-sha256-x25519, Suite-B', 'ike');
  assert.ok(list.ok);
  assert.equal(list.value.length, 3);
});

test('judgements', () => {
  assert.equal(labelOf({ type: 1, id: 12 }), 'recommended');
  assert.equal(labelOf({ type: 2, id: 1 }), 'broken');
  assert.equal(labelOf({ type: 4, id: 2 }), 'legacy');
  assert.equal(labelOf({ type: 6, id: 36 }), 'recommended');
  assert.equal(labelOf({ type: 13, id: 36 }), undefined);
  assert.equal(labelOf({ type: 5, id: 1 }), undefined);
  assert.equal(labelOf({ type: 4, id: 0 }), undefined);
});

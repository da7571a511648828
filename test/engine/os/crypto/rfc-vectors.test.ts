/** The examples of the RFCs, packet by packet, against every provider. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, fromHex, toHex, utf8 } from '../../../../engine/base/bytes.ts';
import { PROVIDERS } from './providers.ts';

const hex = (text: string): Uint8Array => fromHex(text.replace(/\s/g, ''));

const CHACHA_KEY = '808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3';

const PACKETS = [
  {
    name: 'RFC 7634 appendix A (ESP)',
    encr: 28,
    keyBits: 256,
    key: CHACHA_KEY,
    iv: '1011121314151617',
    aad: '0102030400000005',
    esnHigh: -1,
    plain: `45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec10
      0007362708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223
      2425262728292a2b2c2d2e2f303132333435363701020204`,
    sealed: `24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c6
      14ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3
      cbec163fac469b502773f6fb94e664da9165b82829f641e0
      76aaa8266b7fb0f7b11b369907e1ad43`,
  },
  {
    name: 'RFC 7634 appendix B (IKEv2)',
    encr: 28,
    keyBits: 256,
    key: CHACHA_KEY,
    iv: '1011121314151617',
    aad: 'c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000004529000029',
    esnHigh: -1,
    plain: '0000000c000040010000000a00',
    sealed: '610394701f8d017f7c129248896b71bfe25236efd7cdc67066906315b2',
  },
  {
    name: 'draft-mcgrew-gcm-test-01 (AES-128, extended sequence number)',
    encr: 20,
    keyBits: 128,
    key: '4c80cdefbb5d10da906ac73c3613a6342e443b68',
    iv: '4956ed7e3b244cfe',
    aad: '0000432100000000',
    esnHigh: 0x87654321,
    plain: `45000048699a000080114db7c0a80102c0a801010a9bf15638d3010000010000
      00000000045f736970045f756470037369700963796265726369747902646b00
      0021000101020201`,
    sealed: `fecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34
      cfa2436f14a3f3cf65925bf1f4a13c5d15b21e1884f5ff6247aeabb786b93bce
      61bc17d768fd9732459018148f6cbe722fd04796562dfdb4`,
  },
  {
    name: 'draft-mcgrew-gcm-test-01 (GMAC of RFC 4543)',
    encr: 21,
    keyBits: 128,
    key: '4c80cdefbb5d10da906ac73c3613a63422433c64',
    iv: '0000000000000000',
    aad: '0000432100000007',
    esnHigh: -1,
    plain: `45000030da3a00008001df3bc0a80005c0a800010800c6cd0200070061626364
      65666768696a6b6c6d6e6f707172737401020201`,
    sealed: `45000030da3a00008001df3bc0a80005c0a800010800c6cd0200070061626364
      65666768696a6b6c6d6e6f707172737401020201f2a9a836e155106aa8dcd618e4099aaa`,
  },
  {
    name: 'draft-mcgrew-gcm-test-01 (AES-192)',
    encr: 20,
    keyBits: 192,
    key: 'feffe9928665731c6d6a8f9467308308feffe9928665731ccafebabe',
    iv: 'facedbaddecaf888',
    aad: '0000a5f80000000a',
    esnHigh: -1,
    plain: '45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e501016d075680001',
    sealed: `a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0
      315b27452144cc7795457b9652037f5318027b5b4cd7a636`,
  },
  {
    name: 'draft-mcgrew-gcm-test-01 (AES-256)',
    encr: 20,
    keyBits: 256,
    key: 'abbccddef00112233445566778899aababbccddef00112233445566778899aab11223344',
    iv: '0102030405060708',
    aad: '4a2cbfe300000002',
    esnHigh: -1,
    plain: `4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee000000000
      7002400020bf0000020405b40101040201020201`,
    sealed: `ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763
      748a637985771d347f0545659f14e99def842d8eb335f4eecfdbf831824b4c49
      15956c96`,
  },
];

for (const v of PACKETS) {
  test(v.name, () => {
    for (const p of PROVIDERS) {
      const cipher = p.cipher({ encr: v.encr, keyBits: v.keyBits, integ: 0 }, hex(v.key), new Uint8Array(0));
      const [aad, plain, sealed] = [hex(v.aad), hex(v.plain), hex(v.sealed)];
      const buffer = concat(aad, hex(v.iv), plain, new Uint8Array(16));
      cipher.seal(buffer, 0, aad.length, plain.length, v.esnHigh);
      assert.equal(toHex(buffer.subarray(aad.length + 8)), toHex(sealed), p.name);
      assert.equal(cipher.open(buffer, 0, aad.length, plain.length, v.esnHigh), true, p.name);
      assert.deepEqual(buffer.subarray(aad.length + 8, aad.length + 8 + plain.length), plain, p.name);
    }
  });
}

test('RFC 3602 §4: AES-CBC, under any MAC', () => {
  for (const p of PROVIDERS) {
    const cipher = p.cipher(
      { encr: 12, keyBits: 128, integ: 12 },
      hex('06a9214036b8a15b512e03d534120006'),
      new Uint8Array(32),
    );
    const iv = hex('3dafba429d9eb430b422da802c9fac41');
    const buffer = concat(new Uint8Array(8), iv, utf8('Single block msg'), new Uint8Array(16));
    cipher.seal(buffer, 0, 8, 16, -1);
    assert.equal(toHex(buffer.subarray(24, 40)), 'e353779c1079aeb82708942dbe77181a', p.name);
    // The ICV by the PRF over the same hash: aad, IV and ciphertext (RFC 7296 §3.14).
    const icv = p.prf(5, new Uint8Array(32), buffer.subarray(0, 40)).subarray(0, 16);
    assert.equal(toHex(buffer.subarray(40)), toHex(icv), p.name);
  }
});

test('RFC 4231, RFC 4868 and RFC 2202: HMAC as PRF', () => {
  const key = new Uint8Array(20).fill(0x0b);
  for (const p of PROVIDERS) {
    const prf = (id: number): string => toHex(p.prf(id, key, utf8('Hi'), utf8(' There')));
    assert.equal(prf(2), 'b617318655057264e28bc0b6fb378c8ef146be00');
    assert.equal(prf(5), 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7');
    assert.equal(
      prf(6),
      'afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6',
    );
    assert.equal(
      prf(7),
      '87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854',
    );
  }
});

test('FIPS 180: hashes of "abc"', () => {
  for (const p of PROVIDERS) {
    const hash = (id: number): string => toHex(p.hash(id, utf8('a'), utf8('bc')));
    assert.equal(hash(1), 'a9993e364706816aba3e25717850c26c9cd0d89d');
    assert.equal(hash(2), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    assert.match(hash(3), /^cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163.{48}$/);
    assert.match(hash(4), /^ddaf35a193617abacc417349ae204131.{96}$/);
  }
});

test('RFC 5903 §8.1: ECP-256', () => {
  const i = hex('C88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433');
  const r = hex('C6EF9C5D78AE012A011164ACB397CE2088685D8F06BF9BE0B283AB46476BEE53');
  for (const p of PROVIDERS) {
    const begun = p.beginKeyExchange(19, () => i);
    assert.equal(
      toHex(begun.publicValue),
      'dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811805271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3',
    );
    const answer = p.answerKeyExchange(19, begun.publicValue, () => r);
    assert.equal(
      toHex(answer.publicValue),
      'd12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab',
    );
    const secret = 'd6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de';
    assert.equal(toHex(answer.shared), secret);
    assert.equal(toHex(begun.finish(answer.publicValue)), secret);
  }
});

test('RFC 7748 §6.1: Curve25519', () => {
  const alice = hex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a');
  const bob = hex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb');
  const secret = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742';
  for (const p of PROVIDERS) {
    const begun = p.beginKeyExchange(31, () => alice);
    assert.equal(
      toHex(begun.publicValue),
      '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
    );
    const answer = p.answerKeyExchange(31, begun.publicValue, () => bob);
    assert.equal(
      toHex(answer.publicValue),
      'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
    );
    assert.equal(toHex(answer.shared), secret);
    assert.equal(toHex(begun.finish(answer.publicValue)), secret);
  }
});

/** A gateway that answers with anything that was not offered is refused, algorithm by algorithm of the registry. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENCR_ROWS, INTEG_ROWS, PRF_ROWS } from '../../engine/crypto/algorithms.ts';
import { KE_ROWS } from '../../engine/crypto/key-exchange-methods.ts';
import { offer, readChoice } from '../../engine/ike/parts/proposals.ts';
import { nodeProvider } from '../../engine/os/crypto/node.ts';
import { decodeMessage, encodeMessage } from '../../engine/wire/codec.ts';
import { find } from '../../engine/wire/find.ts';
import type { Proposal, SaPayload, Transform } from '../../engine/wire/payloads/types.ts';
import { TransformType } from '../../engine/wire/registry.ts';
import { proposals } from './configs.ts';
import { World } from './world.ts';

const { ENCR, PRF, INTEG, KE, ESN, ADDKE1 } = TransformType;

/** Every transform of the registry, and some that nobody knows. */
const EVERYTHING: readonly Transform[] = [
  ...[...ENCR_ROWS].flatMap(([id, row]) =>
    row.keyLengthAttribute
      ? [...row.keyBits, 64, 512].map((keyLength) => ({ type: ENCR, id, keyLength }))
      : [{ type: ENCR, id }],
  ),
  ...[...PRF_ROWS.keys()].map((id) => ({ type: PRF, id })),
  ...[...INTEG_ROWS.keys()].map((id) => ({ type: INTEG, id })),
  ...[...KE_ROWS.keys()].flatMap((id) => [KE, ADDKE1].map((type) => ({ type, id }))),
  ...[ENCR, PRF, INTEG, KE, ESN].map((type) => ({ type, id: 4711 })),
  { type: ESN, id: 1 },
  { type: 200, id: 1 },
];

const same = (a: Transform, b: Transform): boolean =>
  a.type === b.type && a.id === b.id && a.keyLength === b.keyLength;

/** The honest answer to an offer of one proposal, with `wrong` in the place of its type. */
function answered(offered: Proposal, wrong: Transform, spi: Uint8Array): SaPayload {
  const kept = offered.transforms.filter((t) => t.type !== wrong.type);
  return { kind: 'SA', proposals: [{ ...offered, spi, transforms: [...kept, wrong] }] };
}

for (const [use, protocol, text, spiLength] of [
  ['ike', 'ike', 'aes256gcm16-prfsha384-ecp384', 0],
  ['ike', 'ike', 'aes256-sha256-prfsha256-x25519', 8],
  ['none', 'esp', 'aes256gcm16', 4],
  ['child', 'esp', 'aes128-sha256-x25519', 4],
] as const)
  test(`${use} ${text}: nothing else of the registry is taken`, () => {
    const sa = offer(proposals(protocol, text), use, new Uint8Array(spiLength));
    const [ours] = sa.proposals;
    assert.ok(ours);
    const spi = new Uint8Array(spiLength).fill(9);
    const honest: SaPayload = { kind: 'SA', proposals: [{ ...ours, spi }] };
    assert.equal(readChoice(honest, sa, use, spiLength).ok, true);
    let refused = 0;
    for (const wrong of EVERYTHING) {
      if (ours.transforms.some((t) => same(t, wrong))) continue;
      const choice = readChoice(answered(ours, wrong, spi), sa, use, spiLength);
      assert.equal(choice.ok, false, JSON.stringify(wrong));
      refused++;
      // Nor beside what was offered.
      const beside: Proposal = { ...ours, spi, transforms: [...ours.transforms, wrong] };
      assert.equal(readChoice({ kind: 'SA', proposals: [beside] }, sa, use, spiLength).ok, false);
    }
    assert.ok(refused > 80, String(refused));
    for (const type of [ENCR, ...(use === 'ike' ? [PRF, KE] : [])]) {
      const without: Proposal = { ...ours, spi, transforms: ours.transforms.filter((t) => t.type !== type) };
      assert.equal(readChoice({ kind: 'SA', proposals: [without] }, sa, use, spiLength).ok, false);
    }
    for (const list of [[], [honest.proposals[0], honest.proposals[0]]])
      assert.equal(readChoice({ kind: 'SA', proposals: list as Proposal[] }, sa, use, spiLength).ok, false);
    const numbered = { ...ours, spi, number: 2 };
    assert.equal(readChoice({ kind: 'SA', proposals: [numbered] }, sa, use, spiLength).ok, false);
  });

test('on the wire: whoever changes the answer to IKE_SA_INIT gets no IKE_AUTH', () => {
  for (const wrong of EVERYTHING.filter((t) => [ENCR, PRF, KE, ADDKE1].some((type) => type === t.type))) {
    const world: World = new World({
      filter: (from, sent) => {
        if (from !== 'r') return true;
        const message = decodeMessage(sent.bytes);
        const proposal = find(message.payloads, 'SA')?.proposals[0];
        if (!proposal || proposal.transforms.some((t) => same(t, wrong))) return proposal === undefined;
        const tampered = message.payloads.map((p) =>
          p.kind === 'SA' ? answered(proposal, wrong, proposal.spi) : p,
        );
        world.arrive('r', { ...sent, bytes: encodeMessage(message, tampered) });
        return false;
      },
    });
    world.start().run(60_000);
    assert.ok(world.closed('i')?.failure, JSON.stringify(wrong));
    assert.doesNotMatch(world.exchanges('i').join(), /IKE_AUTH/);
  }
});

test('a proposal that demands an additional key exchange is never agreed on without it', () => {
  const hybrid = proposals('ike', 'aes256gcm16-prfsha384-x25519-ke1_mlkem768');
  const plain = proposals('ike', 'aes256gcm16-prfsha384-x25519');
  for (const [i, r] of [
    [hybrid, plain],
    [plain, hybrid],
  ]) {
    const world = new World({ initiator: { proposals: i ?? [] }, responder: { proposals: r ?? [] } });
    world.start().run(60_000);
    assert.equal(world.closed('i')?.failure?.code, 'NO_PROPOSAL_CHOSEN');
  }
  // A provider that lacks the method offers nothing of what demands it.
  const crypto = { ...nodeProvider, supportsKeyExchange: (method: number) => method < 35 };
  const own = new World({ initiator: { proposals: hybrid }, contexts: { i: { crypto } } });
  own.start().run(60_000);
  assert.equal(own.closed('i')?.failure?.code, 'NO_PROPOSAL_CHOSEN');
  assert.equal(own.sent.length, 0);
  const optional = proposals('ike', 'aes256gcm16-prfsha384-x25519-ke1_mlkem768-ke1_none');
  const without = new World({ initiator: { proposals: optional }, contexts: { i: { crypto } } });
  assert.doesNotMatch(without.start().exchanges('i')[0] ?? '', /ADDKE/);
});

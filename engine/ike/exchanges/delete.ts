/** Deleting SAs (RFC 7296 §1.4.1): ours to send, the peer's to answer. Crossing deletes per §2.25. */
import type { Spi32 } from '../../base/brand.ts';
import { readU32 } from '../../base/bytes.ts';
import type { DeletePayload, NotifyPayload, Payload } from '../../wire/payloads/types.ts';
import { Exchange as ExchangeType, Protocol } from '../../wire/registry.ts';
import type { Child } from '../child.ts';
import { isSucceeded, removePair, spiBytes } from '../children.ts';
import type { Effect } from '../contract.ts';
import type { Core } from '../core.ts';
import { settle } from '../ike-takeover.ts';
import { finish } from '../lifecycle.ts';
import { childCreate } from './child-create.ts';
import { ChildRekey } from './child-rekey.ts';
import { DONE, type Exchange, type ExchangeTable, type Outcome } from './exchange.ts';

/** Deletes a whole IKE SA: the session's, or one that was replaced or lost a collision. */
export function ikeDelete(say?: NotifyPayload): Exchange {
  return {
    table: IKE_DELETE,
    key: 'delete-ike',
    request: () => [say ?? { kind: 'Delete', protocol: Protocol.IKE, spis: [] }],
    response(core, sa): Outcome {
      if (core.ending && sa === core.current) finish(core);
      else {
        core.removeSa(sa);
        settle(core);
      }
      return DONE;
    },
  };
}

const MOST_EARLY = 16;

type Reason = Extract<Effect, { kind: 'remove-child' }>['reason'];

/** Deletes one pair. `recreate` asks for another in its place, for a pair that ended while it was wanted. */
export function childDelete(id: number, reason: Reason, recreate: boolean): Exchange {
  return {
    table: CHILD_DELETE,
    key: `delete-child/${id}`,
    request(core): readonly Payload[] | undefined {
      const child = core.children.get(id);
      if (!child) return undefined;
      child.state = 'DELETING';
      return [{ kind: 'Delete', protocol: Protocol.ESP, spis: [spiBytes(child.spiIn)] }];
    },
    response(core): Outcome {
      const child = core.children.get(id);
      if (!child) return DONE;
      removePair(core, child, reason);
      if (recreate) core.enqueue(childCreate(child.config));
      return DONE;
    },
  };
}

/** Answers a peer's INFORMATIONAL that has Delete payloads. `undefined`: the SA itself was deleted, and how. */
export function answerDeletes(
  core: Core,
  deletes: readonly DeletePayload[],
): { readonly payloads: readonly Payload[]; readonly ike: boolean } {
  if (deletes.some((d) => d.protocol === Protocol.IKE)) return { payloads: [], ike: true };
  const ours: Uint8Array[] = [];
  const seen = new Set<Child>();
  for (const spi of deletes.filter((d) => d.protocol === Protocol.ESP).flatMap((d) => d.spis)) {
    const child = spi.length === 4 ? childBySpiOut(core, readU32(spi, 0) as Spi32) : undefined;
    if (!child && makesChild(core) && spi.length === 4 && core.deletedEarly.size < MOST_EARLY)
      core.deletedEarly.add(readU32(spi, 0) as Spi32);
    if (!child || seen.has(child)) continue;
    seen.add(child);
    // Deletes that cross each name the pair once; the answer then has nothing to add (§1.4.1, §2.25.1).
    if (child.state !== 'DELETING') ours.push(spiBytes(child.spiIn));
    const open = core.current?.window.flight?.exchange;
    if (open instanceof ChildRekey && open.id === child.id && open.collision)
      child.successor = open.collision.made;
    const replaced = isSucceeded(core, child);
    removePair(core, child, replaced ? 'replaced' : 'peer-deleted');
  }
  return {
    payloads: ours.length > 0 ? [{ kind: 'Delete', protocol: Protocol.ESP, spis: ours }] : [],
    ike: false,
  };
}

/** Whether a pair may exist that only the peer knows so far: our request for it is open. */
export const makesChild = (core: Core): boolean =>
  /^(create|rekey)-child/.test(core.current?.window.flight?.exchange.key ?? '');

export function childBySpiOut(core: Core, spi: Spi32): Child | undefined {
  for (const child of core.children.values()) if (child.spiOut === spi) return child;
  return undefined;
}

const IKE_DELETE: ExchangeTable = { type: ExchangeType.INFORMATIONAL, story: 'deleting the IKE SA' };
const CHILD_DELETE: ExchangeTable = { type: ExchangeType.INFORMATIONAL, story: 'deleting a CHILD_SA' };

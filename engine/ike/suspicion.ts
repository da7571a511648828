/**
 * Signs that the peer has forgotten us, which nobody vouches for (RFC 7296 §1.5, §2.21.4): an established SA draws no
 * conclusion from them, but asks whether the peer is there, and that only once in a while.
 */
import type { Millis, Spi32 } from '../base/brand.ts';
import { readU32 } from '../base/bytes.ts';
import { after } from '../base/instant.ts';
import { sealedOf } from '../wire/codec.ts';
import { findNotify } from '../wire/find.ts';
import type { Message } from '../wire/message.ts';
import type { NotifyPayload, Payload } from '../wire/payloads/types.ts';
import { Exchange as ExchangeType, NotifyType } from '../wire/registry.ts';
import type { Child } from './child.ts';
import type { Path } from './contract.ts';
import type { Core } from './core.ts';
import { childBySpiOut, childDelete } from './exchanges/delete.ts';
import { liveness } from './exchanges/liveness.ts';
import { pump } from './lifecycle.ts';

/** From one question to the next: whoever sends signs cannot make us talk. */
const INTERVAL_MS = 10_000 as Millis;
/** Until the question is sent once more. */
const AGAIN_MS = 600 as Millis;
/** The peer may not have installed a younger pair before our first packet arrives. */
const YOUNG_MS = 5000 as Millis;

/** @param sign its name, such as `INVALID_IKE_SPI` */
export function suspect(core: Core, sign: string): void {
  if (core.establishedAt === undefined || core.ending || core.retired) return;
  const before = core.suspectedAt;
  if (before !== undefined && core.now - before < INTERVAL_MS) return;
  core.suspectedAt = core.now;
  core.note('hint', `unauthenticated: ${sign}, as of a gateway that was restarted: asking it`, 'warn', {
    sign,
  });
  core.emit({ kind: 'suspicion', sign });
  // A request that is open already asks as well.
  if (!core.current?.window.flight) core.enqueueFirst(liveness());
  pump(core);
  hurry(core);
}

/** The answer is waited for by somebody: one lost datagram should not look like a lost peer. */
function hurry({ current, deadlines, now }: Core): void {
  if (!current?.window.flight) return;
  const name = `retransmit/${current.id}` as const;
  const due = deadlines.get(name);
  const soon = after(now, AGAIN_MS);
  if (due === undefined || soon < due) deadlines.set(name, soon);
}

/** A message in the clear that belongs to no IKE SA: INVALID_SPI for a pair of ours is a sign (§1.5). */
export function readStray(core: Core, message: Message, path: Path): void {
  if (message.response || message.exchange !== ExchangeType.INFORMATIONAL || sealedOf(message)) return;
  const said = findNotify(message.payloads, NotifyType.INVALID_SPI);
  if (said && path.remote.address === core.path?.remote.address && concerned(core, said))
    suspect(core, 'INVALID_SPI');
}

/** The peer itself says that it does not have a pair of ours: another one takes its place. */
export function readInvalidSpi(core: Core, payloads: readonly Payload[]): void {
  const said = findNotify(payloads, NotifyType.INVALID_SPI);
  const child = said && concerned(core, said);
  if (child?.state !== 'INSTALLED' || child.successor !== undefined || child.redundant) return;
  if (core.now - child.installedAt < YOUNG_MS) return;
  core.note('child', `the peer no longer has CHILD_SA ${child.config.name} (INVALID_SPI)`, 'warn');
  core.enqueue(childDelete(child.id, 'deleted', true));
}

const concerned = (core: Core, { data }: NotifyPayload): Child | undefined =>
  data.length === 4 ? childBySpiOut(core, readU32(data, 0) as Spi32) : undefined;

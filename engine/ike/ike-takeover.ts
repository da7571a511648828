/** One IKE SA taking over from another (RFC 7296 §2.8, §2.18): children and queue stay, since they are the session's. */
import type { Millis } from '../base/brand.ts';
import { after } from '../base/instant.ts';
import type { Core } from './core.ts';
import type { IkeSa } from './ike-sa.ts';
import { renewIkeLifetime } from './lifecycle.ts';

/** A replaced SA that nobody deletes is dropped after this. */
const RETIRE_MS = 60_000 as Millis;
/** How long the one whose rekey was answered lets the other one go first on the new SA. */
const HOLD_MS = 5_000 as Millis;

/** @param hold we answered the rekey, and do not know yet whether our answer arrived */
export function takeOver(core: Core, old: IkeSa, next: IkeSa, hold: boolean): void {
  old.replaced = true;
  core.current = next;
  core.peerFollowUps.drop(core);
  core.holdUntil = hold ? after(core.now, HOLD_MS) : undefined;
  renewIkeLifetime(core);
  core.deadlines.set(`retire/${old.id}`, after(core.now, RETIRE_MS));
  core.setState('REKEYED');
}

/** A replaced or redundant SA was deleted by the peer: it only repeats its last answer for a while. */
export function retireSa(core: Core, sa: IkeSa): void {
  core.deadlines.clear(`retransmit/${sa.id}`);
  core.deadlines.set(`retire/${sa.id}`, after(core.now, RETIRE_MS));
  sa.destroy();
  if (sa !== core.current) core.holdUntil = undefined;
  settle(core);
}

/** ESTABLISHED again once the old SA is gone. */
export function settle(core: Core): void {
  if (core.state === 'REKEYED' && !core.sas.some((sa) => sa !== core.current && !sa.gone))
    core.setState('ESTABLISHED');
}

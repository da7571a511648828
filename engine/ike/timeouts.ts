/** What each deadline means when it has come. Spurious calls do nothing. */
import type { Instant } from '../base/brand.ts';
import type { Child } from './child.ts';
import { isSucceeded, removePair } from './children.ts';
import type { Core } from './core.ts';
import type { DeadlineName } from './deadlines.ts';
import { ChildRekey } from './exchanges/child-rekey.ts';
import { childDelete } from './exchanges/delete.ts';
import { IkeRekey, rekeyLeftUndone } from './exchanges/ike-rekey.ts';
import { liveness } from './exchanges/liveness.ts';
import { settle } from './ike-takeover.ts';
import { armLiveness, beginClose, endNow, finish, unanswered } from './lifecycle.ts';
import { endpointText, failure } from './parts/failures.ts';
import { resendRequest } from './transport.ts';

/** @param lastInbound when the data path last heard of the peer */
export function deadlineCame(core: Core, lastInbound: Instant | undefined): void {
  for (;;) {
    const name = core.deadlines.takeDue(core.now);
    if (name === undefined || core.closed) return;
    fire(core, name, lastInbound);
  }
}

function fire(core: Core, name: DeadlineName, lastInbound: Instant | undefined): void {
  const slash = name.indexOf('/');
  if (slash >= 0) {
    fireNumbered(core, name.slice(0, slash), Number(name.slice(slash + 1)));
    return;
  }
  switch (name) {
    case 'hint':
      if (core.hint) endNow(core, core.hint);
      return;
    case 'handshake':
      endNow(
        core,
        failure(
          'NO_ANSWER',
          'IKE_AUTH',
          `${endpointText(core.path)} did not go on with its handshake`,
          false,
        ),
      );
      return;
    case 'follow-ups':
      if (core.peerFollowUps.expire(core)) rekeyLeftUndone(core);
      return;
    case 'retired':
      beginClose(core, undefined);
      return;
    case 'farewell':
      finish(core);
      return;
    case 'ike-rekey':
      core.enqueue(new IkeRekey('its lifetime is nearly over'));
      return;
    case 'ike-hard':
      beginClose(
        core,
        failure('LIFETIME_EXPIRED', 'established', 'the IKE SA reached the end of its lifetime', true),
      );
      return;
    case 'liveness': {
      const last = lastInbound !== undefined && lastInbound > core.lastHeard ? lastInbound : core.lastHeard;
      if (core.now - last < core.config.liveness.delay) armLiveness(core, last);
      else core.enqueue(liveness());
      return;
    }
    default:
      // The queue is looked at after every input.
      return;
  }
}

/** Nothing went through the pair, and nobody wants another in its place until something does. */
const isUnused = (core: Core, child: Child): boolean =>
  child.config.rekeyUnused === false && core.context.childUsed?.(child.id) === false;

function fireNumbered(core: Core, what: string, id: number): void {
  const sa = core.sas.find((s) => s.id === id);
  const child = core.children.get(id);
  if (what === 'retransmit' && sa) {
    if (!resendRequest(core, sa)) unanswered(core, sa);
  } else if (what === 'retire' && sa && sa !== core.current) {
    core.removeSa(sa);
    settle(core);
  } else if (what === 'child-rekey' && child && isUnused(core, child))
    core.enqueue(childDelete(id, 'unused', false));
  else if (what === 'child-rekey' && child) core.enqueue(new ChildRekey(id, 'its lifetime is nearly over'));
  else if (what === 'child-hard' && child) {
    const wanted = !isSucceeded(core, child) && !child.redundant;
    if (child.state === 'DELETING') removePair(core, child, 'expired');
    else core.enqueue(childDelete(id, 'expired', wanted));
  }
}

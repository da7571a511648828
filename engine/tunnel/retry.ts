/** What follows when an attempt or a connection has ended by itself. Pure. */
import type { Failure } from '../base/failure.ts';
import { deserves } from './judgement.ts';
import type { TunnelPlan } from './plan.ts';

export interface Ended {
  readonly failure: Failure | undefined;
  /** The tunnel was up since the user asked for it. */
  readonly everUp: boolean;
  /** Attempts in a row before this one that came to nothing. */
  readonly failures: number;
}

/**
 * `wait`: another attempt after a while. `hold`: when traffic wants through. What the peer or the user has decided is
 * never asked for again; before the tunnel was up once, `keyingtries` bounds the attempts, later `dpd.action` decides.
 */
export function whatNext(
  { dpdAction, keyingtries }: Pick<TunnelPlan, 'dpdAction' | 'keyingtries'>,
  { failure, everUp, failures }: Ended,
): 'end' | 'wait' | 'hold' {
  if (!failure || !deserves(failure, 'another-attempt')) return 'end';
  if (!everUp) return keyingtries === 0 || failures + 1 < keyingtries ? 'wait' : 'end';
  if (dpdAction === 'hold') return 'hold';
  return dpdAction === 'restart' ? 'wait' : 'end';
}

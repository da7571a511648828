/** What every exchange of ours is: a request, and what its answer means. Retransmits are not its concern. */
import type { Failure } from '../../base/failure.ts';
import type { Payload } from '../../wire/payloads/types.ts';
import type { Core } from '../core.ts';
import type { IkeSa } from '../ike-sa.ts';

export type Outcome =
  | { readonly kind: 'done' }
  /** Send the next request of the same exchange: with a cookie, another group, another round of AUTH or of keys. */
  | { readonly kind: 'again'; readonly why: 'cookie' | 'invalid-ke' | 'more-auth' | 'next-key-exchange' }
  /** A signature or a verdict is asked for; the exchange goes on when it comes. */
  | { readonly kind: 'wait' }
  /** Not even a hint, for anybody can have sent it: the exchange goes on waiting. */
  | { readonly kind: 'ignored'; readonly why: string }
  /** Nobody vouches for this answer: remember it, and go on waiting for a genuine one (RFC 7296 §2.21). */
  | { readonly kind: 'hint'; readonly failure: Failure }
  /** It came to nothing; the IKE SA lives on. `retry` puts it back into the queue after a while. */
  | { readonly kind: 'failed'; readonly failure: Failure; readonly retry: boolean }
  | { readonly kind: 'close'; readonly failure: Failure };

/** Parts of an exchange that are told the same for each instance. */
export interface ExchangeTable {
  /** Exchange type (RFC 7296 §3.1). */
  readonly type: number;
  /** For the log: `rekeying the IKE SA`. */
  readonly story: string;
}

export interface Exchange {
  readonly table: ExchangeTable;
  /** Two in the queue with the same key are one. */
  readonly key: string;
  /** `undefined` when there is nothing left to do. */
  request(core: Core, sa: IkeSa): readonly Payload[] | undefined;
  response(core: Core, sa: IkeSa, payloads: readonly Payload[]): Outcome;
  /** Wipes what it holds: no answer will come. */
  abandon?(): void;
}

export const DONE: Outcome = { kind: 'done' };

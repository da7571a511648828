/** A row of the table that explains failures: when it holds, what it adds to the sentence, what to try. */
import type { Failure, FailureCode, Phase } from '../../base/failure.ts';
import type { Endpoint } from '../../base/ip.ts';
import type { IkeView } from '../../ike/contract.ts';
import type { TunnelPlan } from '../plan.ts';

/** What is known on this side when an attempt or a connection has failed. */
export interface Known {
  readonly plan: Pick<
    TunnelPlan,
    'hosts' | 'port' | 'ike' | 'children' | 'interface' | 'patience' | 'dpdAction'
  >;
  /** Endpoints that were tried in this attempt, the one that failed last. */
  readonly tried: readonly Endpoint[];
  /** As the session left it. */
  readonly view?: Pick<IkeView, 'nat' | 'fragmentation' | 'suite'> | undefined;
}

export interface Row {
  readonly id: string;
  readonly codes: readonly FailureCode[];
  readonly phases?: readonly Phase[];
  /** Of certificates: `expired`, `unknown-ca`, … */
  readonly checks?: readonly string[];
  readonly only?: (known: Known, failure: Failure) => boolean;
  /** A sentence that goes behind the message: the numbers and names that matter. */
  readonly adds?: (known: Known, failure: Failure) => string;
  /** Causes with what to do about each, most likely first. */
  readonly advice: (known: Known, failure: Failure) => readonly string[];
}

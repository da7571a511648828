/** Failures on the wire of the API, and the exception that carries one through the engine's own calls. */
import * as z from 'zod';
import { FAILURES, type Failure, type FailureCode } from '../base/failure.ts';

const codes = Object.keys(FAILURES) as [FailureCode, ...FailureCode[]];

export const failureCodeSchema: z.ZodType<FailureCode> = z.enum(codes);

export const failureSchema: z.ZodType<Failure> = z.object({
  code: failureCodeSchema,
  phase: z.enum(['local', 'resolve', 'IKE_SA_INIT', 'IKE_AUTH', 'CREATE_CHILD_SA', 'established', 'host']),
  message: z.string(),
  authenticated: z.boolean(),
  check: z.string().exactOptional(),
  advice: z.array(z.string()).exactOptional(),
});

/** What methods of the API reject with; anything else that they throw reaches clients as INTERNAL_ERROR. */
export class ApiError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.name = 'ApiError';
    this.failure = failure;
  }
}

/** A failure of this machine, not of a peer. */
export const localFailure = (
  code: FailureCode,
  message: string,
  advice: readonly string[] = [],
): Failure => ({
  code,
  phase: 'local',
  message,
  authenticated: false,
  ...(advice.length > 0 ? { advice } : {}),
});

/**
 * Questions of a connection attempt to its user: a password that is not stored, a one-time code, a gateway's own
 * words (EAP-GTC, RFC 3748 §5.6). A prompt stands in the tunnel's snapshot until it is answered, withdrawn or late.
 */
import * as z from 'zod';

export const PROMPT_KINDS = ['password', 'one-time-code', 'passphrase'] as const;

export type PromptKind = (typeof PROMPT_KINDS)[number];

/** `reauthentication`: the tunnel is up, and stays so for a while, but the gateway or the profile wants a new proof. */
export const PROMPT_REASONS = ['reauthentication'] as const;

export type PromptReason = (typeof PROMPT_REASONS)[number];

export interface PromptSnapshot {
  /** Of this question, for `tunnel.answer`; never used twice. */
  readonly id: number;
  readonly kind: PromptKind;
  /** Why it is asked, when not to connect. */
  readonly reason?: PromptReason | undefined;
  /** Whose secret is asked for. */
  readonly user?: string | undefined;
  /** The gateway's own words, shortened and without control characters; not to be trusted as advice. */
  readonly text?: string | undefined;
  /** Why it is asked again, in a sentence. */
  readonly problem?: string | undefined;
  /** Whether the answer may be kept: never for a one-time code, nor for a profile that is not stored. */
  readonly storable: boolean;
  readonly secondsLeft: number;
}

export const promptSchema: z.ZodType<PromptSnapshot> = z.object({
  id: z.number().int().positive(),
  kind: z.enum(PROMPT_KINDS),
  reason: z.enum(PROMPT_REASONS).optional(),
  user: z.string().optional(),
  text: z.string().optional(),
  problem: z.string().optional(),
  storable: z.boolean(),
  secondsLeft: z.number().nonnegative(),
});

/** Octets of an answer in UTF-8. */
export const MAX_ANSWER = 1024;

export interface AnswerParams {
  readonly name: string;
  /** Of the prompt; an answer to one that stands no longer is refused with NOT_FOUND. */
  readonly prompt: number;
  /** Never logged, never returned. */
  readonly answer: string;
  /** Keep it with the stored profile. */
  readonly store?: boolean | undefined;
}

/**
 * The IKE messages of a tunnel as a sequence, for the negotiation view: what was offered, what was chosen, what had
 * to be said twice. Keys, nonces, AUTH data and passwords are never in it.
 */
import * as z from 'zod';

/** Messages of a tunnel that the engine keeps, latest last. */
export const NEGOTIATION_MESSAGES = 200;

export interface NegotiationPayload {
  /** RFC 7296 notation: `SA`, `KE`, `N(COOKIE)`, `IDi`, `CP(CFG_REQUEST)`, … */
  readonly name: string;
  /** What matters of it in words: an identity, a group, selectors, attributes, octets. */
  readonly text?: string | undefined;
  /** Of an SA payload: each proposal in strongSwan's notation, in order. */
  readonly proposals?: readonly string[] | undefined;
}

export interface NegotiationMessage {
  /** Grows by one a message of the tunnel. */
  readonly sequence: number;
  /** ISO 8601, UTC, with milliseconds. */
  readonly time: string;
  readonly direction: 'sent' | 'received';
  /** `IKE_SA_INIT`, `IKE_AUTH`, `CREATE_CHILD_SA`, `INFORMATIONAL`, … */
  readonly exchange: string;
  readonly kind: 'request' | 'response';
  readonly messageId: number;
  /** Sixteen hex digits: our SPI of the IKE SA. */
  readonly spi: string;
  /** Of all its datagrams. */
  readonly octets: number;
  /** 1 when it was not fragmented (RFC 7383). */
  readonly fragments: number;
  /** How often it was sent again without an answer. */
  readonly retransmits: number;
  /** Of a response to a request that was sent once: since the request, in milliseconds. */
  readonly roundTripMs?: number | undefined;
  readonly payloads: readonly NegotiationPayload[];
}

export interface NegotiationResult {
  readonly messages: readonly NegotiationMessage[];
}

const count = z.number().int().nonnegative();

export const negotiationSchema: z.ZodType<NegotiationResult> = z.object({
  messages: z.array(
    z.object({
      sequence: count,
      time: z.string(),
      direction: z.enum(['sent', 'received']),
      exchange: z.string(),
      kind: z.enum(['request', 'response']),
      messageId: count,
      spi: z.string(),
      octets: count,
      fragments: count,
      retransmits: count,
      roundTripMs: z.number().nonnegative().optional(),
      payloads: z.array(
        z.object({
          name: z.string(),
          text: z.string().optional(),
          proposals: z.array(z.string()).optional(),
        }),
      ),
    }),
  ),
});

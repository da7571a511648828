/** The story of a negotiation: which messages belong together, what was offered and chosen, what was said twice. */
import type { NegotiationMessage, NegotiationPayload } from '../../engine/api/negotiation.ts';

export interface Exchange {
  readonly key: string;
  readonly spi: string;
  readonly name: string;
  readonly messages: readonly NegotiationMessage[];
  /** Milliseconds between the first message and the last. */
  readonly durationMs: number | undefined;
  /** Why the gateway wanted the request again: `COOKIE`, `INVALID_KE_PAYLOAD`. */
  readonly retry: string | undefined;
}

const RETRIES = ['COOKIE', 'INVALID_KE_PAYLOAD'] as const;

export function notifyOf(payload: NegotiationPayload): string | undefined {
  return /^N\(([^)]*)\)/.exec(payload.name)?.[1];
}

function retryOf(message: NegotiationMessage): string | undefined {
  if (message.kind !== 'response') return undefined;
  const names = message.payloads.map(notifyOf);
  return RETRIES.find((name) => names.includes(name));
}

/** A request and its answers are one exchange; a request that had to be sent anew begins another. */
export function exchanges(messages: readonly NegotiationMessage[]): readonly Exchange[] {
  const groups: NegotiationMessage[][] = [];
  const open = new Map<string, NegotiationMessage[]>();
  for (const message of messages) {
    const fromUs = (message.direction === 'sent') === (message.kind === 'request');
    const key = `${message.spi} ${message.exchange} ${message.messageId} ${fromUs}`;
    const group = open.get(key);
    if (group && message.kind === 'response') group.push(message);
    else {
      const fresh = [message];
      groups.push(fresh);
      open.set(key, fresh);
    }
  }
  return groups.flatMap((group) => {
    const first = group[0];
    const last = group.at(-1);
    if (!first || !last) return [];
    return [
      {
        key: `${first.sequence}`,
        spi: first.spi,
        name: first.exchange,
        messages: group,
        durationMs: group.length < 2 ? undefined : Date.parse(last.time) - Date.parse(first.time),
        retry: group.map(retryOf).find((name) => name !== undefined),
      },
    ];
  });
}

export type NotifyKind = 'error' | 'status';

/** Error types are those below 16384 (RFC 7296 §3.10.1); by name, since that is what a message shows. */
const ERRORS: readonly string[] = [
  'UNSUPPORTED_CRITICAL_PAYLOAD',
  'INVALID_IKE_SPI',
  'INVALID_MAJOR_VERSION',
  'INVALID_SYNTAX',
  'INVALID_MESSAGE_ID',
  'INVALID_SPI',
  'NO_PROPOSAL_CHOSEN',
  'INVALID_KE_PAYLOAD',
  'AUTHENTICATION_FAILED',
  'SINGLE_PAIR_REQUIRED',
  'NO_ADDITIONAL_SAS',
  'INTERNAL_ADDRESS_FAILURE',
  'FAILED_CP_REQUIRED',
  'TS_UNACCEPTABLE',
  'INVALID_SELECTORS',
  'TEMPORARY_FAILURE',
  'CHILD_SA_NOT_FOUND',
];

export const notifyKind = (name: string): NotifyKind => (ERRORS.includes(name) ? 'error' : 'status');

/** Words of a proposal that the other side took. */
export const words = (proposal: string): readonly string[] => proposal.replace(/!$/, '').split('-');

/** What was chosen out of the offer that it answers, to be marked in it. */
export function chosenWords(exchange: Exchange): ReadonlySet<string> {
  const answer = exchange.messages.find((m) => m.kind === 'response');
  const chosen = answer?.payloads.flatMap((p) => p.proposals ?? []) ?? [];
  return new Set(chosen.flatMap(words));
}

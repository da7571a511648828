/** The IKE messages of a tunnel for a terminal: one block a message, what was offered below it. */
import type { NegotiationMessage } from '../api/negotiation.ts';

function headline(message: NegotiationMessage): string {
  const { time, direction, exchange, kind, messageId, octets, fragments, retransmits, roundTripMs } = message;
  const facts = [`${octets} octets`];
  if (fragments > 1) facts.push(`${fragments} fragments`);
  if (retransmits > 0) facts.push(`sent ${retransmits + 1} times`);
  if (roundTripMs !== undefined) facts.push(`after ${roundTripMs} ms`);
  const arrow = direction === 'sent' ? '→' : '←';
  return `${time.slice(11, 23)} ${arrow} ${exchange} ${kind} ${messageId} (${facts.join(', ')})`;
}

export function negotiationText(messages: readonly NegotiationMessage[]): string {
  return messages
    .flatMap((message) => [
      headline(message),
      ...message.payloads.flatMap(({ name, text, proposals }) =>
        proposals ? proposals.map((p) => `    ${name} ${p}`) : [`    ${name}${text ? ` ${text}` : ''}`],
      ),
    ])
    .join('\n');
}

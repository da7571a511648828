/** The latest IKE messages of a tunnel, summarised as they pass: nothing that is kept here is a secret. */

import {
  NEGOTIATION_MESSAGES,
  type NegotiationMessage,
  type NegotiationPayload,
} from '../api/negotiation.ts';
import { assertNever } from '../base/assert-never.ts';
import { printProposal, type TransformSpec } from '../crypto/proposals.ts';
import { notifyText, payloadText } from '../wire/dump.ts';
import type { Payload, Proposal } from '../wire/payloads/types.ts';
import { CfgType, EapCode, Exchange, NotifyType, nameOf } from '../wire/registry.ts';
import type { MessageEffect } from './driver.ts';

/** Proposals and payloads of one message that are shown; a peer may send more. */
const MOST_ITEMS = 64;
const MOST_TEXT = 500;

export class Negotiation {
  readonly #messages: NegotiationMessage[] = [];
  #sequence = 0;

  /** @param time ISO 8601, UTC */
  add(effect: MessageEffect, time: string): void {
    if (effect.kind === 'resent') {
      this.#resent(effect);
      return;
    }
    const { direction, header, payloads, octets, fragments, roundTrip } = effect;
    const weInitiated = header.initiator === (direction === 'sent');
    this.#messages.push({
      sequence: ++this.#sequence,
      time,
      direction,
      exchange: nameOf(Exchange, header.exchange),
      kind: header.response ? 'response' : 'request',
      messageId: header.messageId,
      spi: weInitiated ? header.spiInitiator : header.spiResponder,
      octets,
      fragments,
      retransmits: 0,
      ...(roundTrip === undefined ? {} : { roundTripMs: roundTrip }),
      payloads: payloads.slice(0, MOST_ITEMS).map(payload),
    });
    if (this.#messages.length > NEGOTIATION_MESSAGES) this.#messages.shift();
  }

  messages(): readonly NegotiationMessage[] {
    return [...this.#messages];
  }

  #resent({ spi, messageId, response }: Extract<MessageEffect, { kind: 'resent' }>): void {
    const kind = response ? 'response' : 'request';
    for (let at = this.#messages.length - 1; at >= 0; at--) {
      const message = this.#messages[at] as NegotiationMessage;
      if (message.direction !== 'sent' || message.kind !== kind) continue;
      if (message.messageId !== messageId || message.spi !== spi) continue;
      this.#messages[at] = { ...message, retransmits: message.retransmits + 1 };
      return;
    }
  }
}

/** What stands between the brackets of a payload's one-line form. */
function inside(text: string): Pick<NegotiationPayload, 'text'> {
  const found = /^[^(]*\(([\s\S]*)\)$/.exec(text)?.[1];
  return found === undefined || found === '' ? {} : { text: found.slice(0, MOST_TEXT) };
}

function proposal(proposed: Proposal): string {
  const transforms: TransformSpec[] = proposed.transforms.map(({ type, id, keyLength }) =>
    keyLength === undefined ? { type, id } : { type, id, keyLength },
  );
  return printProposal({ transforms, strict: false }).slice(0, MOST_TEXT);
}

function payload(p: Payload): NegotiationPayload {
  const text = inside(payloadText(p));
  switch (p.kind) {
    case 'SA':
      return { name: 'SA', proposals: p.proposals.slice(0, MOST_ITEMS).map(proposal) };
    case 'Notify': {
      const about = notifyText(p).slice(2, -1).split(' ').slice(1).join(' ');
      return { name: `N(${nameOf(NotifyType, p.type)})`, ...(about === '' ? {} : { text: about }) };
    }
    case 'CP':
      return { name: `CP(CFG_${nameOf(CfgType, p.cfgType)})`, ...text };
    case 'EAP':
      return { name: `EAP(${nameOf(EapCode, p.packet[0] ?? 0)})`, ...text };
    case 'KE':
    case 'IDi':
    case 'IDr':
    case 'CERT':
    case 'CERTREQ':
    case 'AUTH':
    case 'Nonce':
    case 'Delete':
    case 'Vendor':
    case 'TSi':
    case 'TSr':
    case 'SK':
    case 'SKF':
      return { name: p.kind, ...text };
    case 'Unknown':
      return { name: `payload ${p.type}`, ...text };
    default:
      return assertNever(p);
  }
}

/** What a session tells of its messages: a line for the log, and the message itself for the negotiation view. */
import type { Millis } from '../base/brand.ts';
import { dumpMessage } from '../wire/dump.ts';
import type { Header, Message } from '../wire/message.ts';
import type { Payload } from '../wire/payloads/types.ts';
import { Exchange as ExchangeType } from '../wire/registry.ts';
import type { Core } from './core.ts';

/** A message of ours; `datagrams` are its fragments. */
export function noteSent(
  core: Core,
  header: Header,
  payloads: readonly Payload[],
  datagrams: readonly Uint8Array[],
): void {
  const inClear = header.exchange === ExchangeType.IKE_SA_INIT;
  const shown: readonly Payload[] = inClear
    ? payloads
    : [{ kind: 'SK', firstInner: 0, body: new Uint8Array(0) }];
  const count = datagrams.length;
  const fragments = count > 1 ? ` in ${count} fragments` : '';
  core.note('message', `${dumpMessage(header, shown, payloads)}${fragments}`, 'debug');
  const octets = datagrams.reduce((sum, bytes) => sum + bytes.length, 0);
  core.emit({ kind: 'message', direction: 'sent', header, payloads, octets, fragments: count });
}

/**
 * A message of the peer. `octets` are the last datagram's; an encrypted one's payloads are `inside`, authenticated.
 * `roundTrip` is known of an answer to a request that was sent once.
 */
export function noteReceived(
  core: Core,
  message: Message,
  octets: number,
  inside?: readonly Payload[],
  roundTrip?: Millis,
): void {
  core.note('message', dumpMessage(message, message.payloads, inside), 'debug');
  const sealed = message.payloads.find((p) => p.kind === 'SKF');
  const fragments = sealed?.kind === 'SKF' ? sealed.total : 1;
  core.emit({
    kind: 'message',
    direction: 'received',
    header: message,
    payloads: inside ?? message.payloads,
    octets: octets * fragments,
    fragments,
    roundTrip,
  });
}

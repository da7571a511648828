/** Finding payloads of a kind, and building notifications. */
import type { NotifyPayload, Payload } from './payloads/types.ts';
import { Protocol } from './registry.ts';

export type PayloadOf<K extends Payload['kind']> = Extract<Payload, { readonly kind: K }>;

const isOf =
  <K extends Payload['kind']>(kind: K) =>
  (payload: Payload): payload is PayloadOf<K> =>
    payload.kind === kind;

/** The first payload of a kind. */
export const find = <K extends Payload['kind']>(
  payloads: readonly Payload[],
  kind: K,
): PayloadOf<K> | undefined => payloads.find(isOf(kind));

/** All payloads of a kind, in order. */
export const findAll = <K extends Payload['kind']>(payloads: readonly Payload[], kind: K): PayloadOf<K>[] =>
  payloads.filter(isOf(kind));

/** The first notification of a type. */
export function findNotify(payloads: readonly Payload[], type: number): NotifyPayload | undefined {
  for (const p of payloads) if (p.kind === 'Notify' && p.type === type) return p;
  return undefined;
}

/** All notifications of a type, in order. */
export const findNotifies = (payloads: readonly Payload[], type: number): NotifyPayload[] =>
  findAll(payloads, 'Notify').filter((n) => n.type === type);

/** Types below this one are errors (RFC 7296 §3.10.1). */
const FIRST_STATUS_TYPE = 16384;

export const isErrorNotify = (n: NotifyPayload): boolean => n.type < FIRST_STATUS_TYPE;

/** The first notification of an error. */
export const findError = (payloads: readonly Payload[]): NotifyPayload | undefined =>
  findAll(payloads, 'Notify').find(isErrorNotify);

const NOTHING: Uint8Array = new Uint8Array(0);

/** A notification; without an SPI it concerns no SA, and its protocol is 0 (RFC 7296 §3.10). */
export const notify = (
  type: number,
  data: Uint8Array = NOTHING,
  protocol: number = Protocol.NONE,
  spi: Uint8Array = NOTHING,
): NotifyPayload => ({ kind: 'Notify', protocol, spi, type, data });

/** Reading payloads strictly: the only one of a kind, and names of notifies for people. */
import type { Payload } from '../../wire/payloads/types.ts';
import { NotifyType, nameOf } from '../../wire/registry.ts';

/** The payload that can have a kind: ID and TS payloads share theirs with the other direction's. */
type Holding<K extends Payload['kind'], P extends Payload = Payload> = P extends Payload
  ? K extends P['kind']
    ? P
    : never
  : never;

/** The only payload of its kind; `undefined` when there is none, or more than one. */
export function single<K extends Payload['kind']>(
  payloads: readonly Payload[],
  kind: K,
): Holding<K> | undefined {
  const found = payloads.filter((p) => p.kind === kind);
  return found.length === 1 ? (found[0] as Holding<K>) : undefined;
}

export const notifyName = (type: number): string => nameOf(NotifyType, type);

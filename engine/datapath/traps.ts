/** Packets of the host that are waited for (strongSwan's trap): told once each, when there is no SA for them. */
import type { InnerHeader } from '../esp/inner.ts';
import { TrafficSelectors } from '../esp/selectors.ts';
import type { TrapSelectors } from './protocol.ts';

/** The system's own chatter on every interface opens no tunnel: multicast, broadcast, link-local. */
function isChatter(buffer: Uint8Array, { version, destinationAt: at }: InnerHeader): boolean {
  const first = buffer[at] as number;
  const second = buffer[at + 1] as number;
  if (version === 6) return first === 0xff || (first === 0xfe && (second & 0xc0) === 0x80);
  if (first === 169 && second === 254) return true;
  if (first === 255) return second === 255 && buffer[at + 2] === 255 && buffer[at + 3] === 255;
  return first >= 224 && first <= 239;
}

export class Traps {
  readonly #set = new Map<number, TrafficSelectors>();

  get isEmpty(): boolean {
    return this.#set.size === 0;
  }

  /** Sets a trap anew, or takes it away. @throws RangeError for selectors of mixed families */
  set(id: number, selectors: TrapSelectors | undefined): void {
    if (selectors) this.#set.set(id, new TrafficSelectors(selectors.local, selectors.remote));
    else this.#set.delete(id);
  }

  /** The trap that a packet falls into, which is gone then. */
  spring(buffer: Uint8Array, inner: InnerHeader): number | undefined {
    if (isChatter(buffer, inner)) return undefined;
    for (const [id, selectors] of this.#set)
      if (selectors.takesOutbound(buffer, inner)) {
        this.#set.delete(id);
        return id;
      }
    return undefined;
  }
}

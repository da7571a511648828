/** The data path of a tunnel: opened with its first attempt, kept over all links, closed at its end. */
import type { Millis } from '../base/brand.ts';
import type { DatapathEvent } from '../datapath/protocol.ts';
import type { ChildView } from '../ike/contract.ts';
import { DatapathSlot } from './datapath-slot.ts';
import { DropWatch } from './drop-watch.ts';
import type { OpenDatapath } from './ports.ts';
import { Traps } from './trap.ts';
import type { TunnelParts } from './tunnel-parts.ts';

/** Of the tun, until the path is known. */
const FIRST_MTU = 1400;

export interface CarrierEvents {
  event(event: DatapathEvent): unknown;
  /** It has closed itself. */
  failed(reason: string): void;
}

export class Carrier {
  readonly #parts: Pick<TunnelParts, 'plan' | 'world' | 'events' | 'freshChildId'>;
  readonly #events: CarrierEvents;
  readonly #drops: DropWatch;
  readonly traps: Traps;
  readonly #slot = new DatapathSlot(() => this.#make());

  constructor(parts: Pick<TunnelParts, 'plan' | 'world' | 'events' | 'freshChildId'>, events: CarrierEvents) {
    this.#parts = parts;
    this.#events = events;
    this.traps = new Traps({ datapath: () => this.open?.datapath, freshId: parts.freshChildId });
    this.#drops = new DropWatch({
      scheduler: parts.world.scheduler,
      drops: () => this.open?.datapath.totals().drops,
      note: (text, data) => parts.events.note('warn', 'drops', text, data),
    });
  }

  get open(): OpenDatapath | undefined {
    return this.#slot.current;
  }

  /** Opens it unless it is. @throws OsError */
  async prepare(): Promise<void> {
    await this.#slot.open();
  }

  /** Tells of drops from now on. */
  watch(): void {
    this.#drops.begin();
  }

  /** Waits for a packet that wants through. @param deaf how long packets are not minded yet @returns calls it off */
  hold(children: readonly ChildView[], deaf: Millis, wake: () => void): () => void {
    const { world, events } = this.#parts;
    events.note('info', 'tunnel', 'waiting for traffic before the next attempt');
    return this.traps.setAll(children, world.scheduler, deaf, () => {
      const data = { children: children.map(({ name }) => name).join(' '), action: 'opened' };
      events.note('info', 'idle', 'traffic wants through', data);
      wake();
    });
  }

  close(): Promise<void> {
    this.#drops.end();
    return this.#slot.close();
  }

  async #make(): Promise<OpenDatapath> {
    const { plan, world } = this.#parts;
    const open = await world.openDatapath({ name: plan.interface, mtu: plan.mtu ?? FIRST_MTU });
    open.datapath.onEvent((event) => {
      if (event.kind === 'trapped') this.traps.spring(event.id);
      else if (event.kind !== 'failed') this.#events.event(event);
      else {
        this.#slot.lost();
        this.#drops.end();
        this.#events.failed(event.reason);
      }
    });
    return open;
  }
}

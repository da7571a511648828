/** Where a tunnel's gateway is: its names, asked anew for each attempt, and what they last meant. */
import { asFailure } from './judgement.ts';
import type { TunnelParts } from './tunnel.ts';

export class GatewayAddresses {
  readonly #parts: Pick<TunnelParts, 'plan' | 'world' | 'events'>;
  #last: readonly string[] = [];

  constructor(parts: Pick<TunnelParts, 'plan' | 'world' | 'events'>) {
    this.#parts = parts;
  }

  /**
   * The addresses of every host, in order. When names cannot be asked, as behind a kill switch, those of the last time.
   * @throws OsError `name-not-found` when there was no last time
   */
  async addresses(): Promise<readonly string[]> {
    const { plan, world, events } = this.#parts;
    try {
      this.#last = (await Promise.all(plan.hosts.map((host) => world.resolve(host)))).flat();
    } catch (error) {
      if (this.#last.length === 0) throw error;
      events.note('info', 'tunnel', `${asFailure(error).message}: trying the addresses of the last time`);
    }
    return this.#last;
  }
}

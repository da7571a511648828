/** Where a tunnel's gateways are: their names, asked anew for each attempt, and what they last meant. */
import type { Failure } from '../base/failure.ts';
import type { Endpoint } from '../base/ip.ts';
import { candidates } from './candidates.ts';
import { noRoute } from './failures.ts';
import { asFailure } from './judgement.ts';
import type { Redirects } from './redirects.ts';
import type { TunnelParts } from './tunnel-parts.ts';

export interface FoundGateways {
  /** Of all gateways, those without a way to them included. */
  readonly addresses: readonly string[];
  /** In the order to try. */
  readonly endpoints: readonly Endpoint[];
  /** Names and addresses that are of no use now, and why. */
  readonly useless: readonly { readonly address: string; readonly failure: Failure }[];
}

type Parts = Pick<TunnelParts, 'plan' | 'world' | 'host' | 'events'>;

export class GatewayAddresses {
  readonly #parts: Parts;
  readonly #redirects: Pick<Redirects, 'hosts'>;
  readonly #last = new Map<string, readonly string[]>();
  /** The last attempt had no time left for these: they come first in the next. */
  #untried: readonly Endpoint[] = [];

  constructor(parts: Parts, redirects: Pick<Redirects, 'hosts'>) {
    this.#parts = parts;
    this.#redirects = redirects;
  }

  /**
   * The addresses of every host. When names cannot be asked, as behind a kill switch, those of the last time.
   * Addresses of a family in which this machine has no way out are passed over.
   * @param letOut keeps them out of a tunnel that the host still has, or has again: a packet that it would route in there
   *   reaches nobody, and a way through it is none
   * @throws OsError `name-not-found` when no name has an address, and none had one before; what `letOut` throws
   */
  async find(
    letOut: (addresses: readonly string[]) => Promise<void> = (addresses) => this.#letOut(addresses),
  ): Promise<FoundGateways> {
    const { plan, world } = this.#parts;
    const useless: { address: string; failure: Failure }[] = [];
    const errors: unknown[] = [];
    const gateways = await Promise.all(
      this.#redirects.hosts.map(async (host) => {
        try {
          return await this.#resolve(host);
        } catch (error) {
          errors.push(error);
          useless.push({ address: host, failure: asFailure(error) });
          return [];
        }
      }),
    );
    const addresses = [...new Set(gateways.flat())];
    if (addresses.length === 0 && errors.length > 0) throw errors[0];
    await letOut(addresses);
    const routed = new Map<string, boolean>();
    for (const address of addresses)
      routed.set(address, (await world.localAddressFor(address)) !== undefined);
    for (const [address, hasRoute] of routed)
      if (!hasRoute) useless.push({ address, failure: noRoute(address) });
    const ways = gateways.map((list) => list.filter((address) => routed.get(address)));
    return { addresses, endpoints: this.#ordered(candidates(ways, plan.port)), useless };
  }

  /** These had no turn. */
  leave(untried: readonly Endpoint[]): void {
    this.#untried = untried;
  }

  /** The host may be set up for a tunnel that is to be renewed, or that rests. */
  async #letOut(addresses: readonly string[]): Promise<void> {
    const { plan, host, events } = this.#parts;
    for (const { description } of await host.letOut(plan.name, addresses))
      events.note('info', 'host', description);
  }

  #ordered(endpoints: readonly Endpoint[]): readonly Endpoint[] {
    const first = this.#untried.flatMap(
      (b) => endpoints.find((a) => a.address === b.address && a.port === b.port) ?? [],
    );
    this.#untried = [];
    return [...new Set([...first, ...endpoints])];
  }

  async #resolve(host: string): Promise<readonly string[]> {
    const { world, events } = this.#parts;
    try {
      const found = await world.resolve(host);
      this.#last.set(host, found);
      return found;
    } catch (error) {
      const before = this.#last.get(host);
      if (!before) throw error;
      events.note('info', 'tunnel', `${asFailure(error).message}: trying the addresses of the last time`);
      return before;
    }
  }
}

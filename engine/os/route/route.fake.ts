/** Links, routes and rules in memory, for tests: the same contract as Linux, with a failure where one is asked for. */
import { OsError } from '../error.ts';
import { familyOf, isPresent, itemKey } from './plan.ts';
import type {
  ObservedLink,
  ObservedRoute,
  ObservedRoutes,
  ObservedRule,
  RouteItem,
  RoutePort,
  RouteStep,
} from './port.ts';

export interface FakeRoutes extends RoutePort {
  readonly links: Map<string, ObservedLink>;
  readonly routes: ObservedRoute[];
  readonly rules: ObservedRule[];
  /** The addition that is number `n` from now, counted from 1, fails. */
  failAt(n: number): void;
}

/** @throws Error when the item is not as Linux would take it */
function put(world: FakeRoutes, { item }: RouteStep): void {
  switch (item.kind) {
    case 'link':
    case 'address': {
      const link = world.links.get(item.interface);
      if (!link) throw new OsError('address-failed', 'no such interface', item.interface);
      if (item.kind === 'link') world.links.set(item.interface, { ...link, mtu: item.mtu, up: true });
      else world.links.set(item.interface, { ...link, addresses: [...link.addresses, item.address] });
      return;
    }
    case 'route':
    case 'throw': {
      const { destination, metric } = item;
      const at = world.routes.findIndex((r) => r.destination === destination && r.metric === metric);
      if (at >= 0) world.routes.splice(at, 1);
      const isThrow = item.kind === 'throw';
      const via = isThrow
        ? { interface: null, source: null }
        : { interface: item.interface, source: item.source };
      world.routes.push({ throws: isThrow, destination, metric, ...via });
      return;
    }
    case 'rule':
      world.rules.push({ family: item.family, table: item.table, preference: item.preference });
  }
}

function take(world: FakeRoutes, item: RouteItem, before: RouteStep['before']): void {
  switch (item.kind) {
    case 'link':
    case 'address': {
      const link = world.links.get(item.interface);
      if (!link) return;
      if (item.kind === 'address') {
        world.links.set(item.interface, {
          ...link,
          addresses: link.addresses.filter((a) => a !== item.address),
        });
      } else if (before) world.links.set(item.interface, { ...link, ...before });
      return;
    }
    case 'route':
    case 'throw': {
      const at = world.routes.findIndex(
        (r) => r.destination === item.destination && r.metric === item.metric,
      );
      if (at >= 0) world.routes.splice(at, 1);
      return;
    }
    case 'rule': {
      const at = world.rules.findIndex((r) => r.family === item.family && r.table === item.table);
      if (at >= 0) world.rules.splice(at, 1);
    }
  }
}

/** A world with these interfaces, down, MTU 1500. */
export function fakeRoutes(interfaces: readonly string[]): FakeRoutes {
  let failIn = 0;
  const world: FakeRoutes = {
    links: new Map(
      interfaces.map((n) => [n, { mtu: 1500, up: false, addressMode: 'eui64', ipv6: true, addresses: [] }]),
    ),
    routes: [],
    rules: [],
    failAt: (n): void => {
      failIn = n;
    },
    observe: async (names): Promise<ObservedRoutes> => ({
      links: new Map([...world.links].filter(([name]) => names.includes(name))),
      routes: [...world.routes],
      rules: [...world.rules],
    }),
    add: async (steps): Promise<void> => {
      for (const step of steps) {
        if (failIn > 0 && --failIn === 0)
          throw new OsError('route-failed', 'asked to fail', itemKey(step.item));
        put(world, step);
      }
    },
    remove: async (steps): Promise<string> => {
      for (const { item, before } of steps) {
        const links = new Map(world.links);
        if (isPresent(item, { links, routes: world.routes, rules: world.rules })) take(world, item, before);
      }
      return '';
    },
  };
  return world;
}

/** The destinations of one family, for assertions. */
export const destinations = (world: FakeRoutes, family: 4 | 6): readonly string[] =>
  world.routes.filter((r) => familyOf(r.destination) === family).map((r) => r.destination);

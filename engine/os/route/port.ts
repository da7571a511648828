/**
 * Link, addresses, routes and rules of a tunnel, as values, and the port that observes and changes them.
 *
 * All our routes live in one table of their own. A rule sends every look-up there before it reaches main; a
 * `throw` route for each gateway address ends the look-up in our table, so that it goes on to main as if we were
 * not there.
 */

export type Family = 4 | 6;

/** Where our routes are kept. Two engines in one network namespace need two of these. */
export interface Routing {
  /** Number of the routing table. */
  readonly table: number;
  /** Preference of the rule that leads to it; below 32766, where main is consulted. */
  readonly preference: number;
  /** Mark on our routes and rules (rtnetlink's `protocol`), by which they are known as ours. */
  readonly protocol: number;
}

/** How the interface must be: up, with this MTU. */
export interface LinkItem {
  readonly kind: 'link';
  readonly interface: string;
  readonly mtu: number;
}

/** A virtual address. Always installed at full length, so that it brings no connected route with it. */
export interface AddressItem {
  readonly kind: 'address';
  readonly interface: string;
  readonly address: string;
}

/** A destination that goes into the tunnel. */
export interface TunnelRouteItem {
  readonly kind: 'route';
  readonly table: number;
  readonly protocol: number;
  /** Canonical prefix, no host bits. */
  readonly destination: string;
  readonly metric: number;
  readonly interface: string;
  /** Preferred source: our virtual address of the family, or null when we have none. */
  readonly source: string | null;
}

/** A gateway's address, whose look-up leaves our table again. */
export interface ThrowItem {
  readonly kind: 'throw';
  readonly table: number;
  readonly protocol: number;
  readonly destination: string;
  readonly metric: number;
}

export interface RuleItem {
  readonly kind: 'rule';
  readonly family: Family;
  readonly table: number;
  readonly protocol: number;
  readonly preference: number;
}

export type RouteItem = LinkItem | AddressItem | TunnelRouteItem | ThrowItem | RuleItem;

/** A link as it is. */
export interface ObservedLink {
  readonly mtu: number;
  readonly up: boolean;
  /** How the kernel makes a link-local IPv6 address by itself, as `ip link … addrgenmode` names it; null when unknown. */
  readonly addressMode: string | null;
  /** IPv6 can be used on this interface. */
  readonly ipv6: boolean;
  /** Canonical addresses. */
  readonly addresses: readonly string[];
}

/** What of a link is put back when we leave it. */
export interface LinkBefore {
  readonly mtu: number;
  readonly up: boolean;
  readonly addressMode: string | null;
}

/** A route of our table, ours or not. */
export interface ObservedRoute {
  readonly throws: boolean;
  readonly destination: string;
  readonly metric: number;
  /** Null for a throw. */
  readonly interface: string | null;
  readonly source: string | null;
  /** A bypass that is there, but no longer leads where the gateway is reached: to be made anew. */
  readonly stale?: boolean;
}

export interface ObservedRule {
  readonly family: Family;
  readonly table: number;
  readonly preference: number;
}

export interface ObservedRoutes {
  readonly links: ReadonlyMap<string, ObservedLink>;
  /** The routes of our table, both families. */
  readonly routes: readonly ObservedRoute[];
  /** Every rule, both families. */
  readonly rules: readonly ObservedRule[];
}

/** One step: make `item` so, or take it away. For a link, `before` says what it was, or what to put back. */
export interface RouteStep {
  readonly item: RouteItem;
  readonly before: LinkBefore | null;
}

export interface RoutePort {
  /** Looks at the named interfaces, our table and all rules. @throws OsError */
  observe(interfaces: readonly string[], routing: Routing): Promise<ObservedRoutes>;
  /**
   * Makes the items so, in order within a family; stops at the first failure. A route replaces one with the same
   * destination and metric in one move.
   * @throws OsError `address-failed`, `route-failed` or `permission`, with the command and what it said
   */
  add(steps: readonly RouteStep[]): Promise<void>;
  /** Takes the items away, as far as possible. Gives back what failing commands said; look again to see what is left. */
  remove(steps: readonly RouteStep[]): Promise<string>;
}

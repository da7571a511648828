/** Making, installing and removing CHILD_SA pairs: keys out of KEYMAT, effects for the data path. */
import type { Millis, Spi32 } from '../base/brand.ts';
import { readU32, u32, wipe } from '../base/bytes.ts';
import { after } from '../base/instant.ts';
import { cipherSizes, keyExchangeName, suiteName } from '../crypto/suites.ts';
import type { EspSaPair, Selector } from '../esp/params.ts';
import { selectorText } from '../wire/dump.ts';
import { type Child, childView, LINGER_MS } from './child.ts';
import type { ChildConfig, Effect } from './contract.ts';
import type { Core } from './core.ts';
import type { IkeSa } from './ike-sa.ts';
import { childKeys, type Nonces } from './keymat.ts';
import type { Chosen } from './parts/proposals.ts';

/** How long a pair that lost a collision waits for its maker to delete it. */
const REDUNDANT_MS = 30_000 as Millis;

export const spiBytes = (spi: Spi32): Uint8Array => u32(spi);

/** A peer's ESP SPI, `undefined` for one that must not be used (RFC 4303 §2.1). */
export function readSpi(bytes: Uint8Array): Spi32 | undefined {
  if (bytes.length !== 4) return undefined;
  const spi = readU32(bytes, 0);
  return spi > 255 ? (spi as Spi32) : undefined;
}

export interface NewPair {
  readonly config: ChildConfig;
  readonly chosen: Chosen;
  readonly spiIn: Spi32;
  readonly spiOut: Spi32;
  readonly local: readonly Selector[];
  readonly remote: readonly Selector[];
  readonly narrowed: boolean;
  readonly nonces: Nonces;
  /** g^ir with PFS; wiped here. */
  readonly shared: Uint8Array | undefined;
  /** Of additional key exchanges (RFC 9370); wiped here. */
  readonly more?: readonly Uint8Array[];
  /** Whether we began the exchange that makes it. */
  readonly initiator: boolean;
  readonly outbound: 'now' | 'later';
  readonly replaces: Child | undefined;
  /** How many rekeys led to it. */
  readonly generation: number;
}

/** Derives the pair's keys from the SA of its exchange and installs it. */
export function installPair(core: Core, sa: IkeSa, pair: NewPair): Child {
  const { crypt } = sa;
  const sizes = cipherSizes(pair.chosen.suite);
  if (!crypt || !sizes || !core.path) throw new TypeError('a CHILD_SA needs a keyed IKE SA');
  const { nonces, shared, more = [] } = pair;
  const keys = childKeys(core.context.crypto, crypt.prf, crypt.skD, sizes, nonces, shared, more);
  wipe(shared, ...more);
  const { rekeyAt, expiresAt } = core.lifetimeFrom(pair.config.lifetime);
  const outbound = core.retired ? 'later' : pair.outbound;
  const child: Child = {
    id: core.context.freshChildId(),
    config: pair.config,
    state: 'INSTALLED',
    spiIn: pair.spiIn,
    spiOut: pair.spiOut,
    suite: pair.chosen.suite,
    esn: pair.chosen.esn,
    keMethod: pair.chosen.keMethod,
    additional: pair.chosen.additional,
    local: pair.local,
    remote: pair.remote,
    narrowed: pair.narrowed,
    installedAt: core.now,
    rekeyAt,
    expiresAt,
    generation: pair.generation,
    waiting: outbound === 'later',
    successor: undefined,
    redundant: false,
  };
  core.children.set(child.id, child);
  setChildDeadlines(core, child);
  const esp: EspSaPair = {
    id: child.id,
    spiIn: child.spiIn,
    spiOut: child.spiOut,
    suite: child.suite,
    esn: child.esn,
    keys: pair.initiator
      ? {
          inEncr: keys.encrResponder,
          inInteg: keys.integResponder,
          outEncr: keys.encrInitiator,
          outInteg: keys.integInitiator,
        }
      : {
          inEncr: keys.encrInitiator,
          inInteg: keys.integInitiator,
          outEncr: keys.encrResponder,
          outInteg: keys.integResponder,
        },
    local: child.local,
    remote: child.remote,
    replayWindow: pair.config.replayWindow,
    limits: core.spread(pair.config.limits, pair.config.lifetime.fuzz),
    copyDscp: pair.config.copyDscp,
    copyEcn: pair.config.copyEcn,
    outbound,
  };
  const install: Effect = { kind: 'install-child', pair: esp, child: childView(child), path: core.path };
  core.emit(pair.replaces ? { ...install, replaces: pair.replaces.id } : install);
  core.note(
    'child',
    `${describe(child)} installed${pair.replaces ? `, replacing ${hex(pair.replaces.spiIn)}` : ''}`,
  );
  return child;
}

function setChildDeadlines(core: Core, child: Child): void {
  for (const [name, when] of [
    [`child-rekey/${child.id}`, child.rekeyAt],
    [`child-hard/${child.id}`, child.expiresAt],
  ] as const)
    if (Number.isFinite(when)) core.deadlines.set(name, when);
}

const hex = (spi: number): string => spi.toString(16).padStart(8, '0');

function describe(child: Child): string {
  const selectors = (list: readonly Selector[]): string => list.map(selectorText).join(' ');
  const extras = [
    suiteName(child.suite),
    ...(child.keMethod
      ? [`PFS ${[child.keMethod, ...child.additional].map(keyExchangeName).join(' + ')}`]
      : []),
    ...(child.esn ? ['ESN'] : []),
    ...(child.narrowed ? ['narrowed by the peer'] : []),
  ];
  return `CHILD_SA ${child.config.name} in ${hex(child.spiIn)} out ${hex(child.spiOut)} (${extras.join(', ')}) ${selectors(child.local)} === ${selectors(child.remote)}`;
}

/** Lets a pair carry outbound traffic that waited for the peer. */
export function activate(core: Core, child: Child): void {
  // Traffic that another IKE SA carries does not come back.
  if (!child.waiting || core.retired) return;
  child.waiting = false;
  core.emit({ kind: 'activate-outbound', id: child.id });
}

/** Whether another pair is there in its place. */
export const isSucceeded = (core: Core, child: Child): boolean =>
  child.successor !== undefined && core.children.has(child.successor);

/** Removes a pair; its successor takes the traffic first. */
export function removePair(
  core: Core,
  child: Child,
  reason: Extract<Effect, { kind: 'remove-child' }>['reason'],
): void {
  if (!core.children.delete(child.id)) return;
  core.deadlines.clear(`child-rekey/${child.id}`);
  core.deadlines.clear(`child-hard/${child.id}`);
  const successor = child.successor === undefined ? undefined : core.children.get(child.successor);
  if (successor && !successor.redundant) activate(core, successor);
  const closing = (core.closed || core.ending !== undefined) && !core.retired;
  core.emit({ kind: 'remove-child', id: child.id, lingerMs: closing ? 0 : LINGER_MS, reason });
  core.note('child', `CHILD_SA ${child.config.name} in ${hex(child.spiIn)} removed (${reason})`);
}

/** Marks a pair that lost a collision; when its maker does not delete it, it ends by itself. */
export function markRedundant(core: Core, child: Child): void {
  child.redundant = true;
  child.state = 'REKEYED';
  core.deadlines.clear(`child-rekey/${child.id}`);
  child.expiresAt = after(core.now, REDUNDANT_MS);
  core.deadlines.set(`child-hard/${child.id}`, child.expiresAt);
}

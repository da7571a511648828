/** The tray's menu as data: what it says and what a click does. `tray.ts` turns it into a native menu. */
import type { Snapshot, TunnelSnapshot } from '../../engine/api/snapshot.ts';
import type { EngineState, Screen } from '../bridge/contract.ts';
import type { Texts } from '../text/texts.ts';
import { trayLine } from './state.ts';

export type MenuAction =
  | { readonly do: 'connect'; readonly profile: string }
  | { readonly do: 'disconnect'; readonly tunnel: string }
  | { readonly do: 'open'; readonly screen?: Screen; readonly tunnel?: string }
  | { readonly do: 'start-engine' }
  | { readonly do: 'quit' };

export type MenuEntry =
  | { readonly kind: 'separator' }
  | { readonly kind: 'text'; readonly label: string }
  | { readonly kind: 'action'; readonly label: string; readonly action: MenuAction }
  | { readonly kind: 'submenu'; readonly label: string; readonly entries: readonly MenuEntry[] };

/** More profiles than this go into a submenu. */
const PROFILES_AT_HAND = 8;
const MAX_LABEL = 90;

const SEPARATOR: MenuEntry = { kind: 'separator' };

/** Menus are one line an entry and read `&` as a mark on some systems. */
export function menuLabel(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  const short = line.length > MAX_LABEL ? `${line.slice(0, MAX_LABEL - 1)}…` : line;
  return short.replaceAll('&', '&&');
}

const action = (label: string, what: MenuAction): MenuEntry => ({
  kind: 'action',
  label: menuLabel(label),
  action: what,
});

const isIdle = (tunnel: TunnelSnapshot | undefined): boolean => !tunnel || tunnel.state === 'CREATED';

function profileEntry(name: string, tunnel: TunnelSnapshot | undefined, texts: Texts): MenuEntry {
  if (tunnel?.prompt) return action(texts.answer(name), { do: 'open', screen: 'home', tunnel: name });
  return isIdle(tunnel)
    ? action(texts.connect(name), { do: 'connect', profile: name })
    : action(texts.disconnect(name), { do: 'disconnect', tunnel: name });
}

function profileEntries(snapshot: Snapshot, texts: Texts): MenuEntry[] {
  const tunnels = new Map(snapshot.tunnels.map((tunnel) => [tunnel.name, tunnel]));
  const stored = snapshot.profiles.filter((p) => p.problem === undefined).map((p) => p.name);
  const names = [...new Set([...snapshot.tunnels.map((t) => t.name), ...stored])];
  // A tunnel without a stored profile can be ended but not begun again.
  const known = names.filter((name) => stored.includes(name) || !isIdle(tunnels.get(name)));
  const entries = known.map((name) => profileEntry(name, tunnels.get(name), texts));
  if (entries.length <= PROFILES_AT_HAND) return entries;
  return [
    ...entries.slice(0, PROFILES_AT_HAND),
    { kind: 'submenu', label: texts.more, entries: entries.slice(PROFILES_AT_HAND) },
  ];
}

export function trayMenu(engine: EngineState, snapshot: Snapshot | undefined, texts: Texts): MenuEntry[] {
  const entries: MenuEntry[] = [{ kind: 'text', label: menuLabel(trayLine(engine, snapshot, texts)) }];
  if (engine.kind === 'connected' && snapshot) {
    for (const { lastFailure } of snapshot.tunnels)
      if (lastFailure && lastFailure.code !== 'CANCELLED')
        entries.push({ kind: 'text', label: menuLabel(lastFailure.message) });
    const profiles = profileEntries(snapshot, texts);
    entries.push(SEPARATOR);
    entries.push(
      ...(profiles.length > 0 ? profiles : [action(texts.importProfile, { do: 'open', screen: 'import' })]),
    );
  } else if (engine.kind === 'not-running' || engine.kind === 'refused') {
    entries.push({ kind: 'text', label: menuLabel(engine.reason) });
    if (engine.kind === 'not-running' && engine.offer !== 'none')
      entries.push(action(texts.offers[engine.offer], { do: 'start-engine' }));
  }
  entries.push(SEPARATOR);
  entries.push(action(texts.open, { do: 'open' }));
  entries.push(action(texts.settings, { do: 'open', screen: 'settings' }));
  entries.push(SEPARATOR);
  entries.push(action(texts.quit, { do: 'quit' }));
  return entries;
}

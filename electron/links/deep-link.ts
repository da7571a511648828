/**
 * `culvert://` links, as a web page or a mail may hold them. A link chooses what is shown and nothing else: it never
 * connects, imports, fetches or changes anything, since whoever wrote it is not the user.
 *
 *     culvert://open              the window
 *     culvert://open/SCREEN       one of its screens
 *     culvert://profile/NAME      a profile on the home screen
 *     culvert://import            the import screen
 */
import { NAME_PATTERN } from '../../engine/base/name.ts';
import { SCREENS, type Screen } from '../bridge/contract.ts';

export const LINK_SCHEME = 'culvert';

const MAX_LINK = 2048;

export type DeepLink =
  | { readonly ok: true; readonly screen: Screen; readonly tunnel?: string }
  | { readonly ok: false; readonly reason: string };

const refused = (reason: string): DeepLink => ({ ok: false, reason });

const isScreen = (text: string): text is Screen => SCREENS.some((screen) => screen === text);

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

export const isDeepLink = (text: string): boolean => text.toLowerCase().startsWith(`${LINK_SCHEME}:`);

export function parseDeepLink(text: string): DeepLink {
  if (text.length > MAX_LINK) return refused(`it is longer than ${MAX_LINK} characters`);
  if (!URL.canParse(text)) return refused('it is no URL');
  const url = new URL(text);
  if (url.protocol !== `${LINK_SCHEME}:`) return refused('it is not of the scheme culvert');
  if (url.username !== '' || url.password !== '' || url.port !== '' || url.search !== '' || url.hash !== '')
    return refused('it may have a path only');
  // Browsers and shells like to add a final slash.
  const rest = url.pathname.replace(/^\//, '').replace(/\/$/, '');
  switch (url.host) {
    case 'open':
      if (rest === '') return { ok: true, screen: 'home' };
      return isScreen(rest) ? { ok: true, screen: rest } : refused('there is no such screen');
    case 'import':
      return rest === '' ? { ok: true, screen: 'import' } : refused('an import takes no further words');
    case 'profile': {
      const name = decode(rest);
      if (name === undefined || !NAME_PATTERN.test(name)) return refused('this is no name of a profile');
      return { ok: true, screen: 'home', tunnel: name };
    }
    default:
      return refused('it is neither open, profile nor import');
  }
}

/**
 * Takes from web content whatever it does not need: navigation, further windows, the network, permissions, devices,
 * downloads. Applied to the window's session and to every web contents that ever comes to be.
 */
import type { ContentsPort, HostPort, SessionPort } from '../host.ts';
import { APP_SCHEME, isOwnUrl, serveResource } from './resources.ts';

/** Without `persist:` the session lives in memory alone: no cache, no cookies, no storage on disk. */
export const PARTITION = 'culvert-window';

/** Before the app is ready: the scheme becomes a secure origin of its own, without service workers or CSP bypass. */
export function registerScheme(host: Pick<HostPort, 'protocol'>): void {
  host.protocol.registerSchemesAsPrivileged([
    { scheme: APP_SCHEME, privileges: { standard: true, secure: true, codeCache: false } },
  ]);
}

export function lockSession(session: SessionPort, rendererFolder: string): void {
  session.protocol.handle(APP_SCHEME, (request) => serveResource(rendererFolder, request));
  session.webRequest.onBeforeRequest(({ url }, respond) => respond({ cancel: !isOwnUrl(url) }));
  session.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
  session.setSpellCheckerEnabled(false);
  session.on('will-download', (event) => event.preventDefault());
}

export function lockContents(contents: ContentsPort): void {
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  contents.on('will-navigate', (event) => event.preventDefault());
  contents.on('will-frame-navigate', (event) => event.preventDefault());
  contents.on('will-redirect', (event) => event.preventDefault());
  contents.on('will-attach-webview', (event) => event.preventDefault());
}

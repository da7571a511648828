/**
 * A window. With a browser: a page of its own context in Chromium. A plain Chromium knows no `culvert-app:`, so the
 * page lives at a stand-in origin, and every URL is translated before the shell sees it. All requests and navigations
 * pass the shell's handlers, and what they let through to the network is answered with a page that says so.
 */
import { readFileSync } from 'node:fs';
import type { Browser, BrowserContext, Page, Request, Route } from 'playwright-core';
import type { CallerPort, ContentsPort, HostPort, WindowPort } from '../../../electron/host.ts';
import { Emitter } from './emitter.ts';
import { PRELOAD_HEAD, PRELOAD_TAIL } from './sandbox.ts';
import type { SessionDouble } from './session-double.ts';

export const STAND_IN = 'https://app.culvert.test';
const APP = 'culvert-app://app';
/** What a request gets that nothing stops. */
export const ESCAPED = 'this request has escaped';

type WindowOptions = ConstructorParameters<HostPort['BrowserWindow']>[0];

export interface WindowWorld {
  readonly browser: Browser | undefined;
  readonly invoke: (caller: CallerPort, channel: string, ...args: unknown[]) => Promise<unknown>;
  readonly session: (partition: string) => SessionDouble;
  readonly created: (contents: ContentsPort) => void;
}

const toApp = (url: string): string => (url.startsWith(STAND_IN) ? APP + url.slice(STAND_IN.length) : url);

/** Whether the request is for another page in this window. A window that is just being opened has no frame yet. */
function navigates(request: Request, page: Page): boolean {
  if (!request.isNavigationRequest()) return false;
  try {
    return request.frame().page() === page;
  } catch {
    return false;
  }
}

let lastId = 0;

class ContentsDouble extends Emitter implements ContentsPort {
  readonly id: number = ++lastId;
  /** What was sent and no page has fetched yet. */
  readonly sent: (readonly [string, ...unknown[]])[] = [];
  destroyed = false;
  wake: () => void = () => undefined;
  #openHandler: Parameters<ContentsPort['setWindowOpenHandler']>[0] = () => ({ action: 'allow' });

  send(channel: string, ...args: unknown[]): void {
    if (this.destroyed) throw new Error('Object has been destroyed');
    // As Electron clones what crosses processes.
    this.sent.push([channel, ...structuredClone(args)]);
    this.wake();
  }
  isDestroyed(): boolean {
    return this.destroyed;
  }
  setWindowOpenHandler(handler: Parameters<ContentsPort['setWindowOpenHandler']>[0]): void {
    this.#openHandler = handler;
  }
  mayOpen(url: string): boolean {
    return this.#openHandler({ url }).action === 'allow';
  }
  mayNavigate(): boolean {
    return !this.emit('will-frame-navigate') && !this.emit('will-navigate');
  }
  nextSent(): Promise<readonly [string, ...unknown[]] | undefined> {
    const next = this.sent.shift();
    if (next || this.destroyed) return Promise.resolve(next);
    return new Promise((resolve) => {
      this.wake = () => {
        this.wake = () => undefined;
        resolve(this.nextSent());
      };
    });
  }
}

export class WindowDouble extends Emitter implements WindowPort {
  readonly options: WindowOptions;
  readonly webContents: ContentsDouble = new ContentsDouble();
  readonly #world: WindowWorld;
  #context: BrowserContext | undefined;
  #page: Promise<Page> | undefined;
  #entry = '';
  url = '';
  visible = false;
  focused = false;
  minimized = false;
  popups = 0;

  constructor(options: WindowOptions, world: WindowWorld) {
    super();
    this.options = options;
    this.#world = world;
    world.created(this.webContents);
  }

  get #session(): SessionDouble {
    return this.#world.session(this.options.webPreferences?.partition ?? '');
  }

  /** The page in Chromium; only with a browser. */
  page(): Promise<Page> {
    if (!this.#page) throw new Error('this window has loaded nothing');
    return this.#page;
  }

  async loadURL(url: string): Promise<void> {
    this.url = url;
    this.#entry = url.replace(APP, STAND_IN);
    const { browser } = this.#world;
    if (!browser) {
      await Promise.resolve();
      this.emit('ready-to-show');
      return;
    }
    this.#page = this.#open(browser);
    await (await this.#page).goto(this.#entry);
    this.emit('ready-to-show');
  }

  async #open(browser: Browser): Promise<Page> {
    this.#context = await browser.newContext({
      ignoreHTTPSErrors: true,
      viewport: { width: 960, height: 700 },
    });
    const page = await this.#context.newPage();
    page.on('popup', (popup) => {
      this.popups += 1;
      if (!this.webContents.mayOpen(popup.url())) void popup.close();
    });
    await this.#context.route('**/*', (route) => this.#answer(route, page));
    await page.exposeBinding('__culvertInvoke', ({ frame }, channel: string, args: unknown[]) =>
      this.#world.invoke(
        {
          sender: { id: this.webContents.id },
          senderFrame: { url: toApp(frame.url()), parent: frame.parentFrame() },
        },
        channel,
        ...args,
      ),
    );
    await page.exposeBinding('__culvertNext', () => this.webContents.nextSent());
    const preload = readFileSync(this.options.webPreferences?.preload ?? '', 'utf8');
    await page.addInitScript(`${PRELOAD_HEAD}\n${preload}\n${PRELOAD_TAIL}`);
    return page;
  }

  async #answer(route: Route, page: Page): Promise<void> {
    const request = route.request();
    const url = toApp(request.url());
    try {
      if (navigates(request, page) && request.url() !== this.#entry && !this.webContents.mayNavigate()) {
        await route.abort('aborted');
        return;
      }
      const answer = await this.#session.fetch(url, request.method());
      if (answer === 'cancelled') await route.abort('blockedbyclient');
      else if (answer === 'network')
        await route.fulfill({ body: ESCAPED, headers: { 'Access-Control-Allow-Origin': '*' } });
      else
        await route.fulfill({
          status: answer.status,
          headers: Object.fromEntries(answer.headers),
          body: Buffer.from(await answer.arrayBuffer()),
        });
    } catch {
      // The window was closed meanwhile.
    }
  }

  show(): void {
    this.visible = true;
    this.focused = true;
  }
  focus(): void {
    this.focused = true;
  }
  isFocused(): boolean {
    return this.focused;
  }
  isMinimized(): boolean {
    return this.minimized;
  }
  restore(): void {
    this.minimized = false;
  }
  removeMenu(): void {}
  isDestroyed(): boolean {
    return this.webContents.destroyed;
  }

  destroy(): void {
    if (this.webContents.destroyed) return;
    this.webContents.destroyed = true;
    this.webContents.wake();
    this.visible = false;
    this.focused = false;
    this.emit('closed');
    void this.#context?.close().catch(() => undefined);
  }

  /** As the user does with the window's own button. */
  userCloses(): void {
    if (!this.emit('close')) this.destroy();
  }

  async settle(): Promise<void> {
    this.destroy();
    await this.#page?.catch(() => undefined);
    await this.#context?.close().catch(() => undefined);
  }
}

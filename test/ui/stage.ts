/** A window in Chromium on the browser bridge, with a real engine behind it: the demo's, or any at a socket. */

import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { build } from 'vite';
import type { Settings } from '../../electron/bridge/contract.ts';
import { startWebServer, type WebServer } from '../../engine/demo/web-server.ts';
import { type DemoEngine, type DemoEngineOptions, startDemoEngine } from '../../engine/demo-ui.ts';
import { openChromium } from './chromium.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const RENDERER: string = join(root, 'dist', 'renderer');

const SOURCES = [
  'renderer',
  'electron/bridge',
  'engine/api',
  'engine/base',
  'engine/crypto',
  'engine/profile',
];

const newest = (folder: string): number =>
  readdirSync(join(root, folder), { withFileTypes: true, recursive: true }).reduce(
    (latest, entry) =>
      entry.isFile() ? Math.max(latest, statSync(join(entry.parentPath, entry.name)).mtimeMs) : latest,
    0,
  );

/** Builds the renderer when it is older than what it is made of. */
export async function buildRenderer(): Promise<string> {
  const built = statSync(join(RENDERER, 'index.html'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (built < Math.max(...SOURCES.map(newest)))
    await build({ configFile: join(root, 'renderer', 'vite.config.ts'), logLevel: 'warn' });
  return RENDERER;
}

export interface StageOptions extends Partial<DemoEngineOptions> {
  /** Another engine than the demo's. */
  readonly socket?: string;
  readonly settings?: Partial<Settings>;
}

export interface WindowOptions extends BrowserContextOptions {
  readonly width?: number;
  readonly height?: number;
}

export class Stage {
  readonly web: WebServer;
  readonly demo: DemoEngine | undefined;
  readonly complaints: string[] = [];
  readonly #browser: Browser;
  readonly #contexts: BrowserContext[] = [];

  constructor(browser: Browser, web: WebServer, demo: DemoEngine | undefined) {
    this.#browser = browser;
    this.web = web;
    this.demo = demo;
  }

  static async open(options: StageOptions = {}): Promise<Stage> {
    const renderer = await buildRenderer();
    const { socket, settings, ...rest } = options;
    const demo = socket === undefined ? await startDemoEngine({ version: '1.2.3', ...rest }) : undefined;
    const web = await startWebServer({
      renderer,
      socket: socket ?? demo?.socket ?? '',
      version: '1.2.3',
      settings: { language: 'en', ...settings },
    });
    return new Stage(await openChromium(), web, demo);
  }

  /** The engine of the demo. */
  get engine(): DemoEngine['scene']['engine'] {
    if (!this.demo) throw new Error('this stage has another engine');
    return this.demo.scene.engine;
  }

  /** A new window on Home, once the engine's snapshot is there. */
  async window(options: WindowOptions = {}): Promise<Page> {
    const { width = 1080, height = 800, ...rest } = options;
    const context = await this.#browser.newContext({
      viewport: { width, height },
      reducedMotion: 'reduce',
      locale: 'en-GB',
      timezoneId: 'UTC',
      ...rest,
    });
    this.#contexts.push(context);
    context.setDefaultTimeout(15_000);
    // Functions that a test hands to the page were compiled to keep their names with this helper.
    await context.addInitScript({ content: 'globalThis.__name = (made) => made;' });
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning')
        this.complaints.push(`${message.text()} ${message.location().url}`);
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    await page.goto(this.web.entrance());
    await page.getByRole('navigation').or(page.getByRole('button')).first().waitFor();
    return page;
  }

  async close(): Promise<void> {
    for (const context of this.#contexts) await context.close();
    await this.#browser.close();
    await this.web.close();
    await this.demo?.close();
  }
}

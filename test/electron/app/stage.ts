/** A shell with real pages: the real preload script, and a small page of the test's own in the renderer's place. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium, type Page } from 'playwright-core';
import { build as buildPages } from 'vite';
import { findChromium } from '../../support/chromium.mjs';
import { eventually, type RunningOptions, type RunningShell, runShell } from '../running.ts';

export const root: string = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

export interface PageStage {
  readonly page: Page;
  /** How often the page has tried to open a window, where that can be seen. */
  readonly popups?: () => number;
}

export interface DoubleStage extends PageStage {
  readonly running: RunningShell;
}

const PAGE =
  '<!doctype html><html lang="en"><title>test</title><h1>Culvert</h1><script src="page.js"></script>';

export interface PageWorld<Stage extends PageStage = PageStage> {
  open(t: TestContext, options?: RunningOptions): Promise<Stage>;
  close(): Promise<void>;
}

/** A renderer of one page and one script. */
export function writeRenderer(folder: string, script: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'index.html'), PAGE);
  writeFileSync(join(folder, 'page.js'), script);
}

/** The real renderer, built. */
export async function buildRenderer(folder: string): Promise<void> {
  await buildPages({
    configFile: join(root, 'renderer/vite.config.ts'),
    logLevel: 'warn',
    build: { outDir: folder },
  });
}

/** Chromium keeps its own sandbox where it can: as root it cannot. */
export async function openWorld(script: string): Promise<PageWorld<DoubleStage>> {
  const folder = mkdtempSync(join(tmpdir(), 'culvert-pages-'));
  const renderer = join(folder, 'renderer');
  const preload = join(folder, 'preload.cjs');
  writeRenderer(renderer, script);
  await build({
    absWorkingDir: root,
    entryPoints: ['electron/bridge/preload.ts'],
    outfile: preload,
    bundle: true,
    format: 'cjs',
    platform: 'browser',
    external: ['electron'],
    logLevel: 'warning',
  });
  const executablePath = findChromium();
  const browser = await chromium.launch({
    ...(executablePath === undefined ? {} : { executablePath }),
    chromiumSandbox: process.getuid?.() !== 0,
  });
  return {
    async open(t, options = {}) {
      const running = await runShell({ browser, preload, renderer, ...options });
      t.after(() => running.close());
      const window = await eventually('the window', () => running.windows[0]);
      await eventually('the page', () => window.visible);
      return { running, page: await window.page(), popups: () => window.popups };
    },
    async close() {
      await browser.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The system's Chromium, driven by playwright-core: no browser is downloaded, and none of its services is called. */
import { type Browser, chromium } from 'playwright-core';
import { findChromium } from '../support/chromium.mjs';

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--force-color-profile=srgb',
];

export async function openChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (!executablePath)
    throw new Error('there is no Chromium here: install it, or name it in CULVERT_CHROMIUM');
  return await chromium.launch({ executablePath, args: ARGS });
}

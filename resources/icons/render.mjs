/**
 * Renders the icons from their SVG sources with Chromium: PNG in all sizes, ICO for Windows, ICNS for macOS.
 * Run it after a change of a source and commit what it writes: `npm run icons`.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { findChromium } from '../../test/support/chromium.mjs';
import { TEMPLATE_INK, TRAY_COLOURS, traySvg } from './tray-mark.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const LINUX_SIZES = [16, 24, 32, 48, 64, 128, 256, 512];
const ICO_SIZES = [16, 20, 24, 32, 40, 48, 64, 256];
const TRAY_ICO_SIZES = [16, 20, 24, 32];
/** OSType of each PNG that an ICNS file holds, with its size in pixels. */
const ICNS_TYPES = [
  ['icp4', 16],
  ['icp5', 32],
  ['ic11', 32],
  ['icp6', 64],
  ['ic12', 64],
  ['ic07', 128],
  ['ic08', 256],
  ['ic13', 256],
  ['ic09', 512],
  ['ic14', 512],
];

async function renderer() {
  const browser = await chromium.launch({ executablePath: findChromium() });
  const page = await browser.newPage();
  const png = async (svg, size) => {
    await page.setViewportSize({ width: size, height: size });
    const sized = svg.replace('<svg ', `<svg width="${size}" height="${size}" style="display:block" `);
    await page.setContent(`<body style="margin:0">${sized}</body>`);
    return page.screenshot({ omitBackground: true });
  };
  return { png, close: () => browser.close() };
}

/** A directory of 16 octets an entry, then the PNGs. */
function ico(images) {
  const head = Buffer.alloc(6 + 16 * images.length);
  head.writeUInt16LE(1, 2);
  head.writeUInt16LE(images.length, 4);
  let offset = head.length;
  images.forEach(({ size, png }, index) => {
    const at = 6 + 16 * index;
    head.writeUInt8(size % 256, at);
    head.writeUInt8(size % 256, at + 1);
    head.writeUInt16LE(1, at + 4);
    head.writeUInt16LE(32, at + 6);
    head.writeUInt32LE(png.length, at + 8);
    head.writeUInt32LE(offset, at + 12);
    offset += png.length;
  });
  return Buffer.concat([head, ...images.map(({ png }) => png)]);
}

function chunk(type, body) {
  const head = Buffer.alloc(8);
  head.write(type, 'latin1');
  head.writeUInt32BE(8 + body.length, 4);
  return Buffer.concat([head, body]);
}

/** The joints between the stones are mud below this size. */
const JOINTS_FROM = 48;
const forSize = (svg, size) => (size < JOINTS_FROM ? svg.replace(/<g stroke[\s\S]*?<\/g>/, '') : svg);

const { png, close } = await renderer();

async function each(svg, sizes) {
  const images = [];
  for (const size of sizes) images.push({ size, png: await png(forSize(svg, size), size) });
  return images;
}

function write(name, data) {
  const path = join(here, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, data);
}

const app = readFileSync(join(here, 'source/app.svg'), 'utf8');
const document = readFileSync(join(here, 'source/document.svg'), 'utf8');
for (const { size, png: image } of await each(app, LINUX_SIZES)) write(`linux/${size}x${size}.png`, image);
write('icon.ico', ico(await each(app, ICO_SIZES)));
write('document.ico', ico(await each(document, [16, 32, 48, 256])));
const parts = [];
for (const [type, size] of ICNS_TYPES) parts.push(chunk(type, await png(forSize(app, size), size)));
write('icon.icns', chunk('icns', Buffer.concat(parts)));

for (const colour of TRAY_COLOURS) {
  const svg = traySvg(colour);
  write(`source/tray-${colour}.svg`, svg);
  write(`tray/tray-${colour}.png`, await png(svg, 22));
  write(`tray/tray-${colour}@2x.png`, await png(svg, 44));
  write(`tray/tray-${colour}.ico`, ico(await each(svg, TRAY_ICO_SIZES)));
  const template = traySvg(colour, TEMPLATE_INK);
  write(`tray/tray-${colour}Template.png`, await png(template, 18));
  write(`tray/tray-${colour}Template@2x.png`, await png(template, 36));
}
await close();

/**
 * The renderer's files under `culvert-app://app/`: which URL names which file, and the headers that go with it.
 * Everything that is not plainly a file of the build is refused.
 */
import { open, realpath } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';

export const APP_SCHEME = 'culvert-app';
export const APP_HOST = 'app';
/** Where the window begins. */
export const APP_PAGE = 'culvert-app://app/index.html';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** No inline script or style, nothing from elsewhere, no frames, no requests, no forms. */
export const CONTENT_SECURITY_POLICY: string = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

export const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=()',
  'Cache-Control': 'no-store',
};

/** Whether a URL is one of ours, by its parsed form: a prefix would let `culvert-app://app.example/` through. */
export function isOwnUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, host, username, password } = new URL(text);
  return protocol === `${APP_SCHEME}:` && host === APP_HOST && username === '' && password === '';
}

/** Path segments of the file below the renderer's folder, or undefined for what cannot be one. */
export function resourceSegments(text: string): readonly string[] | undefined {
  if (!isOwnUrl(text)) return undefined;
  const { pathname } = new URL(text);
  const segments = pathname.split('/').slice(1);
  // Names of the build need no escapes; whatever needs one is an attempt at something else.
  if (!segments.every((segment) => /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(segment))) return undefined;
  return extname(pathname) in TYPES ? segments : undefined;
}

async function readInside(folder: string, segments: readonly string[]): Promise<Buffer | undefined> {
  try {
    const root = await realpath(folder);
    const path = await realpath(join(root, ...segments));
    if (!path.startsWith(root + sep)) return undefined;
    const file = await open(path, 'r');
    try {
      return (await file.stat()).isFile() ? await file.readFile() : undefined;
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

/** Answers a request for one of the renderer's files. Never rejects. */
export async function serveResource(
  folder: string,
  request: { readonly url: string; readonly method: string },
): Promise<Response> {
  const refused = (status: number): Response => new Response(null, { status, headers: HEADERS });
  if (request.method !== 'GET') return refused(405);
  const segments = resourceSegments(request.url);
  const body = segments && (await readInside(folder, segments));
  if (!segments || !body) return refused(404);
  const type = TYPES[extname(segments.at(-1) ?? '')] ?? 'application/octet-stream';
  return new Response(new Uint8Array(body), { status: 200, headers: { ...HEADERS, 'Content-Type': type } });
}

/**
 * The window in a browser: serves the built renderer on the loopback interface and carries the bridge's contract over
 * requests and server-sent events. For the demo and for tests: whoever has the address with its one-time token
 * operates the engine behind it, so it answers nobody else, no other host name and no other origin.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, relative, sep } from 'node:path';
import type { About, BridgeEvents, Outcome, Settings } from '../../electron/bridge/contract.ts';
import { MAX_MESSAGE_OCTETS } from '../api/limits.ts';
import { callEngine, refused, type WebRequest, webRequestSchema } from './web-calls.ts';
import { WebLink } from './web-link.ts';

const LOOPBACK = '127.0.0.1';
const COOKIE = 'culvert';
const MAX_PAGES = 8;

export const CONTENT_SECURITY_POLICY: string = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

const HEADERS = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
} as const;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

export interface WebServerOptions {
  /** Folder of the built renderer. */
  readonly renderer: string;
  /** Of the engine. */
  readonly socket: string;
  readonly version: string;
  readonly settings?: Partial<Settings>;
  /** What `startEngine` does here; without it there is nothing to start. */
  readonly startEngine?: () => Promise<boolean>;
}

export interface WebServer {
  readonly origin: string;
  /** An address that opens the window once. */
  entrance(): string;
  /** Sends an event to every page, as the shell would from its tray or a file association. */
  tell<K extends keyof BridgeEvents>(event: K, value: BridgeEvents[K]): void;
  close(): Promise<void>;
}

interface Served {
  readonly body: Buffer;
  readonly type: string;
}

/** All files are read at once: a request is looked up in this table and never reaches the file system. */
function readFiles(folder: string): Map<string, Served> {
  const files = new Map<string, Served>();
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const type = TYPES[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const full = join(entry.parentPath, entry.name);
    files.set(`/${relative(folder, full).split(sep).join('/')}`, { body: readFileSync(full), type });
  }
  const page = files.get('/index.html');
  if (page) {
    const text = page.body
      .toString('utf8')
      .replace('<head>', '<head>\n    <script type="module" src="./browser-bridge.js"></script>');
    files.set('/', { body: Buffer.from(text), type: page.type });
  }
  files.delete('/index.html');
  return files;
}

const sameText = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

function cookieOf(request: IncomingMessage): string {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2);
    if (name === COOKIE) return value ?? '';
  }
  return '';
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_MESSAGE_OCTETS) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

interface Page {
  readonly response: ServerResponse;
  following: boolean;
}

class BrowserBridge implements WebServer {
  readonly #options: WebServerOptions;
  readonly #files: Map<string, Served>;
  readonly #server = createServer((request, response) => void this.#handle(request, response));
  readonly #pages = new Map<string, Page>();
  readonly #session = randomBytes(24).toString('hex');
  readonly #tokens = new Set<string>();
  readonly #link: WebLink;
  #settings: Settings;

  constructor(options: WebServerOptions) {
    this.#options = options;
    this.#files = readFiles(options.renderer);
    this.#settings = {
      language: 'system',
      appearance: 'system',
      notifications: 'problems',
      startAtLogin: false,
      logLevel: 'info',
      ...options.settings,
    };
    this.#link = new WebLink(options.socket, {
      engine: (state) => this.tell('engine', state),
      snapshot: (snapshot) => this.tell('snapshot', snapshot),
      log: (log) => {
        for (const page of this.#pages.values()) if (page.following) this.#send(page, 'log', log);
      },
    });
  }

  async listen(): Promise<void> {
    this.#server.headersTimeout = 5000;
    this.#server.requestTimeout = 10_000;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, LOOPBACK, resolve);
    });
  }

  get origin(): string {
    return `http://${LOOPBACK}:${(this.#server.address() as AddressInfo).port}`;
  }

  entrance(): string {
    const token = randomBytes(24).toString('hex');
    this.#tokens.add(token);
    return `${this.origin}/?token=${token}`;
  }

  tell<K extends keyof BridgeEvents>(event: K, value: BridgeEvents[K]): void {
    for (const page of this.#pages.values()) this.#send(page, event, value);
  }

  async close(): Promise<void> {
    this.#link.close();
    for (const { response } of this.#pages.values()) response.end();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #send<K extends keyof BridgeEvents>({ response }: Page, event: K, value: BridgeEvents[K]): void {
    // A page that does not read gets the next snapshot instead of a growing backlog.
    if (event === 'snapshot' && response.writableNeedDrain) return;
    response.write(`event: ${event}\ndata: ${JSON.stringify(value)}\n\n`);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#answer(request, response);
    } catch {
      if (!response.headersSent) this.#end(response, 500, 'internal error');
      else response.end();
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { origin } = this;
    if (request.headers.host !== new URL(origin).host) return this.#end(response, 421, 'wrong host');
    if (request.headers.origin !== undefined && request.headers.origin !== origin)
      return this.#end(response, 403, 'wrong origin');
    const site = request.headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none')
      return this.#end(response, 403, 'wrong site');
    const url = new URL(request.url ?? '/', origin);
    const token = url.searchParams.get('token');
    if (request.method === 'GET' && url.pathname === '/' && token !== null)
      return this.#enter(response, token);
    if (!sameText(cookieOf(request), this.#session))
      return this.#end(response, 401, 'open the address that the command printed; it works once');
    if (request.method === 'GET' && url.pathname === '/bridge/events') return this.#page(response);
    if (request.method === 'POST' && url.pathname === '/bridge') return this.#request(request, response);
    const file = request.method === 'GET' ? this.#files.get(url.pathname) : undefined;
    if (!file) return this.#end(response, 404, 'not found');
    response.writeHead(200, { ...HEADERS, 'Content-Type': file.type }).end(file.body);
  }

  #end(response: ServerResponse, status: number, text: string): void {
    response.writeHead(status, { ...HEADERS, 'Content-Type': 'text/plain; charset=utf-8' }).end(text);
  }

  /** A token is good for one entry; from there on the cookie counts. */
  #enter(response: ServerResponse, token: string): void {
    if (![...this.#tokens].some((known) => sameText(known, token))) {
      this.#end(response, 401, 'this address was used already; run the command again');
      return;
    }
    this.#tokens.delete(token);
    response
      .writeHead(303, {
        ...HEADERS,
        Location: '/',
        'Set-Cookie': `${COOKIE}=${this.#session}; HttpOnly; SameSite=Strict; Path=/`,
      })
      .end();
  }

  #page(response: ServerResponse): void {
    if (this.#pages.size >= MAX_PAGES) {
      this.#end(response, 503, 'too many pages');
      return;
    }
    const id = randomBytes(12).toString('hex');
    const page: Page = { response, following: false };
    response.writeHead(200, { ...HEADERS, 'Content-Type': 'text/event-stream' });
    response.write(`event: hello\ndata: ${JSON.stringify(id)}\n\n`);
    this.#pages.set(id, page);
    response.on('close', () => {
      if (page.following) this.#link.unfollow();
      this.#pages.delete(id);
    });
    this.#send(page, 'settings', this.#settings);
    if (this.#link.snapshot) this.#send(page, 'snapshot', this.#link.snapshot);
    this.#send(page, 'engine', this.#link.state);
  }

  async #request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = (outcome: Outcome<unknown>): void => {
      response
        .writeHead(200, { ...HEADERS, 'Content-Type': 'application/json' })
        .end(JSON.stringify(outcome));
    };
    if (request.headers.origin !== this.origin) return this.#end(response, 403, 'wrong origin');
    if (request.headers['content-type'] !== 'application/json')
      return this.#end(response, 415, 'JSON is expected');
    const body = await readBody(request);
    if (body === undefined) return answer(refused(`more than ${MAX_MESSAGE_OCTETS} octets`));
    let value: unknown;
    try {
      value = JSON.parse(body);
    } catch {
      return answer(refused('the request is not JSON'));
    }
    const read = webRequestSchema.safeParse(value);
    if (!read.success)
      return answer(refused(`the request is not as agreed: ${read.error.issues[0]?.message}`));
    answer(await this.#act(read.data));
  }

  async #act(request: WebRequest): Promise<Outcome<unknown>> {
    switch (request.op) {
      case 'about':
        return { ok: true, value: this.#about() };
      case 'call':
        return await callEngine(this.#link, request.method, request.params);
      case 'followLog':
        return await this.#follow(request.client, request.on);
      case 'setSettings':
        this.#settings = { ...this.#settings, ...request.change };
        this.tell('settings', this.#settings);
        return { ok: true, value: this.#settings };
      case 'startEngine':
        if (!this.#options.startEngine) return refused('there is nothing to start here');
        return { ok: true, value: await this.#options.startEngine() };
    }
  }

  #about(): About {
    const { version } = this.#options;
    return { version, platform: 'browser', locale: 'en', hasShell: false };
  }

  async #follow(client: string, on: boolean): Promise<Outcome<boolean>> {
    const page = this.#pages.get(client);
    if (!page) return refused('there is no such page');
    if (on && !page.following) {
      const lines = await this.#link.follow();
      page.following = true;
      this.#send(page, 'log', { lines, missed: 0 });
    } else if (!on && page.following) {
      page.following = false;
      this.#link.unfollow();
    }
    return { ok: true, value: on };
  }
}

/** Listens on a free port of 127.0.0.1. */
export async function startWebServer(options: WebServerOptions): Promise<WebServer> {
  const bridge = new BrowserBridge(options);
  await bridge.listen();
  return bridge;
}

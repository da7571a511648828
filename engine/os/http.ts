/**
 * Fetches small signed things (CRLs, OCSP responses) by plain HTTP, within limits of time, size and redirects. What
 * comes back is trusted for nothing: its reader checks the signature.
 */
import { type IncomingMessage, request as requestHttp } from 'node:http';

export interface HttpLimits {
  /** For the whole exchange, redirects included. */
  readonly milliseconds: number;
  /** Of the body. */
  readonly octets: number;
  readonly redirects: number;
  /** POSTed when present, else GET. */
  readonly body?: Uint8Array;
  /** Content type of `body`. */
  readonly type?: string;
}

export interface HttpAnswer {
  readonly octets: Uint8Array;
  /** The server's clock in milliseconds since 1970, where it tells. */
  readonly date: number | undefined;
}

/** Why nothing was fetched: the message is a phrase for a person, such as `no answer within 4000 ms`. */
export class HttpError extends Error {
  /** `captive-portal`: this network answers in place of the server, and wants somebody to log in first. */
  readonly code: 'failed' | 'captive-portal';
  readonly date: number | undefined;

  constructor(code: HttpError['code'], message: string, date?: number) {
    super(message);
    this.name = 'HttpError';
    this.code = code;
    this.date = date;
  }
}

const MAX_HEADER_OCTETS = 16 * 1024;
/** Network Authentication Required (RFC 6585 §6). */
const LOG_IN_FIRST = 511;
const HTML = /^(?:\ufeff)?\s*<(?:!doctype html|html|head|body|script|meta|\?xml)/i;

/**
 * The body of an answer with status 200. Only `http:` is spoken, also after a redirect. A page for people is never
 * what is asked for here, so it counts as a captive portal's.
 * @throws HttpError
 */
export async function fetchAnswer(url: string, limits: HttpLimits): Promise<HttpAnswer> {
  const signal = AbortSignal.timeout(Math.max(1, Math.ceil(limits.milliseconds)));
  let at = url;
  let date: number | undefined;
  for (let hops = 0; hops <= limits.redirects; hops++) {
    const answer = await once(at, limits, signal);
    if (answer.kind === 'body') return answer;
    at = answer.to;
    date = answer.date;
  }
  throw new HttpError('failed', `more than ${limits.redirects} redirects`, date);
}

/** The same without the server's clock. */
export const fetchBytes = async (url: string, limits: HttpLimits): Promise<Uint8Array> =>
  (await fetchAnswer(url, limits)).octets;

type Answer =
  | ({ readonly kind: 'body' } & HttpAnswer)
  | { readonly kind: 'redirect'; readonly to: string; readonly date: number | undefined };

/** @param date of the answer that sends us there */
function target(text: string, base?: string, date?: number): URL {
  if (!URL.canParse(text, base)) throw new HttpError('failed', 'not a URL', date);
  const url = new URL(text, base);
  if (url.protocol === 'http:') return url;
  const what = `only http is fetched, not ${url.protocol.slice(0, 20)}`;
  // Who answers for a CA by sending people to a page of another server wants them to log in.
  if (base !== undefined && url.protocol === 'https:')
    throw new HttpError(
      'captive-portal',
      `${what}: it sends us on to ${url.host.slice(0, 100)}, as the log-in page of a captive network does`,
      date,
    );
  throw new HttpError('failed', what, date);
}

function dateOf({ headers }: IncomingMessage): number | undefined {
  const date = Date.parse(headers.date ?? '');
  return Number.isFinite(date) ? date : undefined;
}

function once(text: string, limits: HttpLimits, signal: AbortSignal): Promise<Answer> {
  const url = target(text);
  const { body, type } = limits;
  return new Promise((resolve, reject) => {
    const refuse = (error: Error): void => {
      const late = new HttpError('failed', `no answer within ${Math.ceil(limits.milliseconds)} ms`);
      reject(signal.aborted ? late : error instanceof HttpError ? error : failed(error.message));
      request.destroy();
    };
    const request = requestHttp(
      url,
      {
        method: body ? 'POST' : 'GET',
        // A connection of its own: nothing stays open, and no proxy of the environment is asked.
        agent: false,
        maxHeaderSize: MAX_HEADER_OCTETS,
        signal,
        headers: {
          'user-agent': 'culvert',
          connection: 'close',
          ...(body
            ? { 'content-length': body.length, 'content-type': type ?? 'application/octet-stream' }
            : {}),
        },
      },
      (response) => {
        const { statusCode = 0, headers } = response;
        if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
          try {
            const date = dateOf(response);
            resolve({ kind: 'redirect', to: target(headers.location, text, date).href, date });
            request.destroy();
          } catch (error) {
            refuse(error as Error);
          }
        } else if (statusCode === 200) readBody(response, limits.octets, resolve, refuse);
        else refuse(statusError(statusCode, dateOf(response)));
      },
    );
    request.on('error', refuse);
    request.end(body);
  });
}

const failed = (message: string): HttpError => new HttpError('failed', message);

const statusError = (status: number, date: number | undefined): HttpError =>
  status === LOG_IN_FIRST
    ? new HttpError('captive-portal', 'this network wants you to log in first (status 511)', date)
    : new HttpError('failed', `the server answered with status ${status}`, date);

function readBody(
  response: IncomingMessage,
  most: number,
  resolve: (answer: Answer) => void,
  refuse: (error: Error) => void,
): void {
  if (Number(response.headers['content-length'] ?? 0) > most) {
    refuse(failed(`it has more than ${most} octets`));
    return;
  }
  const parts: Buffer[] = [];
  let length = 0;
  response.on('data', (part: Buffer) => {
    length += part.length;
    if (length > most) refuse(failed(`it has more than ${most} octets`));
    else parts.push(part);
  });
  response.on('end', () => {
    const octets = new Uint8Array(Buffer.concat(parts));
    const date = dateOf(response);
    if (!response.complete) refuse(failed('the answer breaks off'));
    else if (HTML.test(Buffer.from(octets.subarray(0, 200)).toString('latin1')))
      refuse(
        new HttpError(
          'captive-portal',
          'a web page came in its place, as a captive network sends it before somebody has logged in',
          date,
        ),
      );
    else resolve({ kind: 'body', octets, date });
  });
  response.on('error', refuse);
  response.on('aborted', () => refuse(failed('the answer breaks off')));
}

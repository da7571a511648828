/**
 * Fetches small signed things (CRLs, OCSP responses) by plain HTTP, within limits of time, size and redirects. What
 * comes back is trusted for nothing: its reader checks the signature.
 */
import { request as requestHttp } from 'node:http';

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

const MAX_HEADER_OCTETS = 16 * 1024;

/**
 * The body of an answer with status 200. Only `http:` is spoken, also after a redirect.
 * @throws Error with a phrase for a person, such as `no answer within 4000 ms`
 */
export async function fetchBytes(url: string, limits: HttpLimits): Promise<Uint8Array> {
  const signal = AbortSignal.timeout(Math.max(1, Math.ceil(limits.milliseconds)));
  let at = url;
  for (let hops = 0; hops <= limits.redirects; hops++) {
    const answer = await once(at, limits, signal);
    if (answer.kind === 'body') return answer.octets;
    at = answer.to;
  }
  throw new Error(`more than ${limits.redirects} redirects`);
}

type Answer =
  | { readonly kind: 'body'; readonly octets: Uint8Array }
  | { readonly kind: 'redirect'; readonly to: string };

function target(text: string, base?: string): URL {
  if (!URL.canParse(text, base)) throw new Error('not a URL');
  const url = new URL(text, base);
  if (url.protocol !== 'http:') throw new Error(`only http is fetched, not ${url.protocol.slice(0, 20)}`);
  return url;
}

function once(text: string, limits: HttpLimits, signal: AbortSignal): Promise<Answer> {
  const url = target(text);
  const { body, type, octets: most } = limits;
  return new Promise((resolve, reject) => {
    const outcome = (error: Error): Error =>
      signal.aborted ? new Error(`no answer within ${Math.ceil(limits.milliseconds)} ms`) : error;
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
        const refuse = (error: Error): void => {
          reject(outcome(error));
          request.destroy();
        };
        if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
          try {
            resolve({ kind: 'redirect', to: target(headers.location, text).href });
            request.destroy();
          } catch (error) {
            refuse(error as Error);
          }
          return;
        }
        if (statusCode !== 200) {
          refuse(new Error(`the server answered with status ${statusCode}`));
          return;
        }
        if (Number(headers['content-length'] ?? 0) > most) {
          refuse(new Error(`it has more than ${most} octets`));
          return;
        }
        const parts: Buffer[] = [];
        let length = 0;
        response.on('data', (part: Buffer) => {
          length += part.length;
          if (length > most) refuse(new Error(`it has more than ${most} octets`));
          else parts.push(part);
        });
        response.on('end', () => {
          if (response.complete) resolve({ kind: 'body', octets: new Uint8Array(Buffer.concat(parts)) });
          else refuse(new Error('the answer breaks off'));
        });
        response.on('error', refuse);
        response.on('aborted', () => refuse(new Error('the answer breaks off')));
      },
    );
    request.on('error', (error) => reject(outcome(error)));
    request.end(body);
  });
}

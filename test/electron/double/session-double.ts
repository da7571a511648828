/** A session: keeps the handlers that the shell sets, and asks them what Electron would ask. */
import type { SessionPort } from '../../../electron/host.ts';
import { Emitter } from './emitter.ts';

type RequestListener = Parameters<SessionPort['webRequest']['onBeforeRequest']>[0];
type ProtocolHandler = Parameters<SessionPort['protocol']['handle']>[1];

export class SessionDouble extends Emitter implements SessionPort {
  readonly partition: string;
  readonly cache: boolean;
  spellchecker = true;
  #request: RequestListener | undefined;
  #permission:
    | ((contents: unknown, permission: string, answer: (granted: boolean) => void) => void)
    | undefined;
  #permissionCheck: () => boolean = () => true;
  #device: () => boolean = () => true;
  readonly #protocols = new Map<string, ProtocolHandler>();

  constructor(partition: string, cache: boolean) {
    super();
    this.partition = partition;
    this.cache = cache;
  }

  readonly protocol: SessionPort['protocol'] = {
    handle: (scheme, handler) => void this.#protocols.set(scheme, handler),
  };

  readonly webRequest: SessionPort['webRequest'] = {
    onBeforeRequest: (listener) => {
      this.#request = listener;
    },
  };

  setPermissionRequestHandler(
    handler: (contents: unknown, permission: string, answer: (granted: boolean) => void) => void,
  ): void {
    this.#permission = handler;
  }
  setPermissionCheckHandler(handler: () => boolean): void {
    this.#permissionCheck = handler;
  }
  setDevicePermissionHandler(handler: () => boolean): void {
    this.#device = handler;
  }
  setSpellCheckerEnabled(enable: boolean): void {
    this.spellchecker = enable;
  }

  /** Electron grants what nobody refuses. */
  permits(permission: string): boolean {
    let granted = true;
    this.#permission?.({}, permission, (answer) => {
      granted = answer;
    });
    return granted || this.#permissionCheck() || this.#device();
  }

  /** What a request gets: `cancelled`, the answer of a protocol, or `network`, which no request of ours should see. */
  async fetch(url: string, method: string): Promise<'cancelled' | 'network' | Response> {
    let cancel = false;
    this.#request?.({ url }, (response) => {
      cancel = response.cancel;
    });
    if (cancel) return 'cancelled';
    const handler = this.#protocols.get(new URL(url).protocol.slice(0, -1));
    if (!handler) return 'network';
    // Node's Request takes no URL of an unknown scheme with a method; the shell reads these two alone.
    return handler({ url, method } as Request);
  }
}

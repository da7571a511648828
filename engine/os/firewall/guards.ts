/**
 * Keeps the kill switch: guards on disk first, then in force. What cannot be read counts as closed: somebody wanted
 * traffic to be stopped, and only their word lets it go again.
 */
import { OsError } from '../error.ts';
import type { FirewallPort, GuardMap, GuardState } from './port.ts';

/** Where guards outlive the engine. Each write is on disk when it returns. */
export interface GuardStorage {
  /** `undefined`: nothing was ever stored; `damaged`: something was, and cannot be read. */
  read(): Promise<GuardMap | 'damaged' | undefined>;
  write(guards: GuardMap): Promise<void>;
  remove(): Promise<void>;
}

export class Guards {
  readonly #firewall: FirewallPort;
  readonly #storage: GuardStorage;
  #guards: GuardMap = new Map();
  #closed = false;

  constructor(firewall: FirewallPort, storage: GuardStorage) {
    this.#firewall = firewall;
    this.#storage = storage;
  }

  get all(): GuardMap {
    return this.#guards;
  }

  /** What was stored could not be read: everything is stopped until it is released. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Takes up what an earlier engine left: `always` guards without their tunnels; all else is let go. One line a change. */
  async recover(): Promise<readonly string[]> {
    const stored = await this.#storage.read();
    if (stored === undefined) return [];
    if (stored === 'damaged') {
      this.#closed = true;
      await this.#firewall.enforce({ kind: 'closed' });
      return ['what the kill switch stored cannot be read: everything is blocked until it is released'];
    }
    const kept = new Map<string, GuardState>();
    const said: string[] = [];
    for (const [name, guard] of stored) {
      if (guard.mode === 'always') kept.set(name, { ...guard, tunnel: null });
      said.push(`kill switch of ${name}: ${guard.mode === 'always' ? 'in force again' : 'let go'}`);
    }
    await this.#become(kept);
    return said;
  }

  /** Sets one guard. True when something changed. @throws OsError and leaves what was in force in force */
  async set(name: string, guard: GuardState): Promise<boolean> {
    if (this.#closed)
      throw new OsError(
        'firewall-failed',
        'everything is blocked, because what the kill switch stored cannot be read: release it first',
      );
    if (JSON.stringify(this.#guards.get(name)) === JSON.stringify(guard)) return false;
    await this.#become(new Map(this.#guards).set(name, guard));
    return true;
  }

  /** Ends one guard. True when it was there. @throws OsError */
  async end(name: string): Promise<boolean> {
    if (!this.#guards.has(name)) return false;
    const left = new Map(this.#guards);
    left.delete(name);
    await this.#become(left);
    return true;
  }

  /** Ends every guard, and the closed state. @throws OsError */
  async endAll(): Promise<readonly string[]> {
    const names = [...this.#guards.keys()];
    const said = names.map((name) => `kill switch of ${name}: released`);
    if (this.#closed) said.push('the closed kill switch: released');
    this.#closed = false;
    await this.#become(new Map());
    return said;
  }

  /**
   * Disk before rules when a guard comes, rules before disk when the last one goes: a crash between the two leaves the
   * machine shut and the next start with the knowledge of it, never open with a guard that somebody counts on.
   */
  async #become(guards: GuardMap): Promise<void> {
    if (guards.size === 0 && !this.#closed) {
      await this.#firewall.remove();
      await this.#storage.remove();
      this.#guards = guards;
      return;
    }
    const before = this.#guards;
    if (!this.#closed) await this.#storage.write(guards);
    try {
      await this.#firewall.enforce(this.#closed ? { kind: 'closed' } : { kind: 'guards', guards });
    } catch (error) {
      if (!this.#closed) await (before.size === 0 ? this.#storage.remove() : this.#storage.write(before));
      throw error;
    }
    this.#guards = guards;
  }
}

/** The kill switch along a tunnel's life: shut before the first attempt, let go by its user (`os/firewall`). */
import type { GuardState } from '../os/firewall/port.ts';
import type { HostChange } from '../os/port.ts';
import { guardState } from './guard.ts';
import { asFailure } from './judgement.ts';
import type { TunnelParts } from './tunnel-parts.ts';

export class KillSwitch {
  readonly #parts: Pick<TunnelParts, 'plan' | 'host' | 'events'>;
  #gateways: readonly string[] = [];

  constructor(parts: Pick<TunnelParts, 'plan' | 'host' | 'events'>) {
    this.#parts = parts;
  }

  /**
   * Shuts what must not leave outside. An `always` guard begins as `while-up`: one that has never been connected would
   * lock its user out over a mistyped password. @throws OsError when it cannot be shut
   */
  async arm(gateways: readonly string[]): Promise<void> {
    const { plan, host } = this.#parts;
    this.#gateways = gateways;
    const guard = guardState(plan, gateways, null);
    if (!guard) return;
    const known = host.guards().guards.get(plan.name);
    const mode: GuardState['mode'] =
      known?.mode === 'always' && guard.mode === 'always' ? 'always' : 'while-up';
    this.#note(await host.guard(plan.name, { ...guard, mode }));
  }

  /** The tunnel has ended. @param wanted its user has not let it go: nothing goes out beside it before that */
  leave(wanted: boolean): Promise<void> {
    return wanted ? this.#shut() : this.end();
  }

  /** Stays shut without a tunnel. Never throws: what was in force still is. */
  async #shut(): Promise<void> {
    try {
      await this.arm(this.#gateways);
    } catch (error) {
      this.#parts.events.note('warn', 'host', asFailure(error).message);
    }
  }

  /** Lets go, unless it is `always`. */
  async end(): Promise<void> {
    const { plan, host, events } = this.#parts;
    if (!host.guards().guards.has(plan.name)) return;
    this.#note(await host.unguard(plan.name));
    events.changed();
  }

  #note(changes: readonly HostChange[]): void {
    for (const { description } of changes) this.#parts.events.note('info', 'host', description);
  }
}

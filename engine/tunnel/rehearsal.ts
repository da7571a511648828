/**
 * A rekey that is made shortly after the first connect, to see whether it works. The first CHILD_SA gets its keys from
 * IKE_AUTH, which agrees on no key exchange of its own (RFC 7296 §1.2): that the ends differ in PFS shows only when it
 * is rekeyed, an hour later and with the tunnel's end as its consequence.
 */
import { between, millis } from '../base/instant.ts';
import { printProposal } from '../crypto/proposals.ts';
import type { Command, IkeView } from '../ike/contract.ts';
import type { Rehearsed } from '../os/rehearsals/port.ts';
import type { TunnelPlan } from './plan.ts';
import type { Scheduler } from './ports.ts';
import type { Rehearsals } from './rehearsals.ts';

export interface RehearsalParts {
  readonly plan: Pick<TunnelPlan, 'name' | 'children'>;
  readonly world: { readonly scheduler: Pick<Scheduler, 'now'> };
  readonly rehearsed: Pick<Rehearsals, 'has' | 'begin' | 'pass'>;
  readonly up: () =>
    | { readonly link: { view(): IkeView | undefined; command(command: Command): void } }
    | undefined;
}

/** After the SA was installed: connecting is over, and the user still looks. */
const DELAY = millis(5_000);

export class Rehearsal {
  readonly #parts: RehearsalParts;
  /** What is remembered of each child to rehearse, by its name. */
  readonly #what: ReadonlyMap<string, Rehearsed>;

  constructor(parts: RehearsalParts) {
    this.#parts = parts;
    const { name, children } = parts.plan;
    this.#what = new Map(
      children
        .filter(({ rehearsal }) => rehearsal)
        .map((child) => [
          child.name,
          { profile: name, child: child.name, proposals: child.proposals.map(printProposal).join(',') },
        ]),
    );
  }

  /** Notes which children have been rekeyed. */
  look(): void {
    for (const child of this.#parts.up()?.link.view()?.children ?? []) {
      const what = this.#what.get(child.name);
      if (what && child.generation > 0) this.#parts.rehearsed.pass(what);
    }
  }

  /** Begins what is due, too; once a second while a link carries traffic. */
  tick(): void {
    this.look();
    const { world, rehearsed, up } = this.#parts;
    const link = up()?.link;
    for (const child of link?.view()?.children ?? []) {
      const what = this.#what.get(child.name);
      if (what === undefined || child.generation > 0 || rehearsed.has(what)) continue;
      if (between(child.installedAt, world.scheduler.now()) < DELAY) continue;
      rehearsed.begin(what);
      link?.command({ kind: 'rekey-child', id: child.id, rehearsal: true });
    }
  }
}

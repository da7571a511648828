/** The one question that a tunnel may have standing: asked, then answered, late or withdrawn. */
import type { PromptKind, PromptReason, PromptSnapshot } from '../api/prompt.ts';
import type { Instant, Millis } from '../base/brand.ts';
import { after } from '../base/instant.ts';
import type { Secret } from '../base/secret.ts';
import type { Scheduler } from './ports.ts';

export interface Question {
  readonly kind: PromptKind;
  readonly reason?: PromptReason | undefined;
  readonly user?: string | undefined;
  readonly text?: string | undefined;
  readonly problem?: string | undefined;
  readonly storable: boolean;
}

export type Reply =
  /** The secret is the asker's to wipe. */
  | { readonly kind: 'answered'; readonly secret: Secret; readonly store: boolean }
  | { readonly kind: 'late' }
  | { readonly kind: 'withdrawn' };

export interface PromptParts {
  readonly scheduler: Scheduler;
  /** Never gives a number twice. */
  readonly freshId: () => number;
  /** A question has come up or gone. */
  readonly changed: (standing: boolean) => void;
}

interface Standing {
  readonly id: number;
  readonly question: Question;
  readonly until: Instant;
  readonly cancel: () => void;
  readonly reply: (reply: Reply) => void;
}

export class Prompt {
  readonly #parts: PromptParts;
  #standing: Standing | undefined;

  constructor(parts: PromptParts) {
    this.#parts = parts;
  }

  /** `reply` is called exactly once. A question that still stands is withdrawn. */
  ask(question: Question, within: Millis, reply: (reply: Reply) => void): void {
    this.withdraw();
    const { scheduler, freshId, changed } = this.#parts;
    const until = after(scheduler.now(), within);
    const cancel = scheduler.at(until, () => this.#end({ kind: 'late' }));
    this.#standing = { id: freshId(), question, until, cancel, reply };
    changed(true);
  }

  /** False when no question of this number stands, or it must not be stored; the secret then stays the caller's. */
  answer(id: number, secret: Secret, store: boolean): boolean {
    const standing = this.#standing;
    if (standing?.id !== id || (store && !standing.question.storable)) return false;
    this.#end({ kind: 'answered', secret, store });
    return true;
  }

  withdraw(): void {
    this.#end({ kind: 'withdrawn' });
  }

  snapshot(): PromptSnapshot | undefined {
    if (!this.#standing) return undefined;
    const { id, question, until } = this.#standing;
    const secondsLeft = Math.max(0, Math.round((until - this.#parts.scheduler.now()) / 1000));
    return { id, ...question, secondsLeft };
  }

  #end(reply: Reply): void {
    const standing = this.#standing;
    if (!standing) return;
    this.#standing = undefined;
    standing.cancel();
    this.#parts.changed(false);
    standing.reply(reply);
  }
}

/**
 * How long an attempt may take, and how long the endpoint whose turn it is may stay silent while others wait for theirs
 * (RFC 8305 §5). The first of them stands still while the user is being asked.
 */
import type { Millis } from '../base/brand.ts';
import { turn } from './candidates.ts';
import { Patience } from './patience.ts';
import type { Scheduler } from './ports.ts';

export interface AttemptClockEvents {
  tooLong(): void;
  silent(): void;
}

export class AttemptClock {
  readonly #span: Millis;
  readonly #patience: Patience;
  readonly #turn: Patience;

  /** @param span that the profile allows for an attempt */
  constructor(scheduler: Scheduler, span: Millis, events: AttemptClockEvents) {
    this.#span = span;
    this.#patience = new Patience(scheduler, () => events.tooLong());
    this.#turn = new Patience(scheduler, () => events.silent());
  }

  begin(): void {
    this.#patience.start(this.#span);
  }

  /** An endpoint has its turn; the last one may use what is left of the attempt. @param waiting how many come after it */
  turn(waiting: number): void {
    if (waiting > 0) this.#turn.start(turn(this.#span, waiting + 1));
    else this.#turn.stop();
  }

  /** The endpoint has answered, or has had its turn. */
  heard(): void {
    this.#turn.stop();
  }

  asking(standing: boolean): void {
    if (standing) this.#patience.pause();
    else this.#patience.resume();
  }

  /** Gives back what was left of the turn of an endpoint that has not answered, for `inherit`. */
  end(): Millis {
    this.#patience.stop();
    return this.#turn.stop();
  }

  /** An attempt goes on that another clock has measured: anew as a whole, but the endpoint has no second turn. */
  inherit(turnLeft: Millis): void {
    this.begin();
    this.#turn.start(turnLeft);
  }
}

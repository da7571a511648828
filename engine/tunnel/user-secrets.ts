/**
 * What the user is asked for between "up" and "down": what the profile lacks before the connection, the gateway's
 * questions during EAP. What was answered is kept in memory for reconnects, one-time codes excepted, until the
 * gateway refuses it or the tunnel goes down. At most three questions an attempt, so that no account gets locked.
 */
import type { PromptReason } from '../api/prompt.ts';
import type { Millis } from '../base/brand.ts';
import type { Failure, FailureCode } from '../base/failure.ts';
import { millis, seconds } from '../base/instant.ts';
import type { Result } from '../base/result.ts';
import { Secret } from '../base/secret.ts';
import type { Ask } from '../ike/eap/ask.ts';
import type { AnswerResult } from './driver.ts';
import type { TunnelPlan } from './plan.ts';
import type { Credentials } from './ports.ts';
import type { Prompt, Question, Reply } from './prompt.ts';
import type { TunnelEvents } from './tunnel-parts.ts';

/** What a tunnel connects with. */
export interface Ready {
  readonly plan: TunnelPlan;
  readonly credentials: Credentials;
}

/** A secret that a profile has not got, and nothing works without. */
export interface Missing {
  readonly kind: 'password' | 'passphrase';
  readonly user?: string | undefined;
  /** What to connect with, or why the secret is not the right one. The secret stays the caller's, as long as `Ready` is used. */
  complete(secret: Secret): Result<Ready, string>;
}

/** An answer that its user wants kept, once it has proved right; `wipe` it then. */
export interface Keepsake {
  readonly kind: 'password' | 'passphrase';
  readonly secret: Secret;
}

export interface UserSecretsParts {
  readonly ready: Ready;
  readonly missing?: Missing | undefined;
  /** Whether the profile is a stored one, so that an answer can be kept with it. */
  readonly stored: boolean;
  readonly prompt: Prompt;
  readonly events: Pick<TunnelEvents, 'note' | 'keep'>;
}

/** Before IKE_SA_INIT nobody else waits. */
const BEFORE: Millis = seconds(120);
/** Gateways drop a half-open IKE SA after 30 s (strongSwan's half_open_timeout). */
const DURING: Millis = seconds(25);
const AT_LEAST: Millis = seconds(10);
const MOST_QUESTIONS = 3;

const refusal = (code: FailureCode, phase: Failure['phase'], message: string): Failure => ({
  code,
  phase,
  authenticated: true,
  message,
});

const NAMES = { password: 'password', passphrase: 'passphrase of the key', 'one-time-code': 'one-time code' };

export class UserSecrets {
  readonly #parts: UserSecretsParts;
  #ready: Ready | undefined;
  /** In use by `#ready`, or for the gateway's questions. */
  #given: Secret | undefined;
  #keepsake: Keepsake | undefined;
  #questions = 0;
  #problem: string | undefined;
  /** The current try used what the user was asked for. */
  #used = false;
  #repeated = false;
  /** Why the user is asked, when not to connect; ends with the next success. */
  #reason: PromptReason | undefined;

  constructor(parts: UserSecretsParts) {
    this.#parts = parts;
  }

  /** Asks for what is missing. `undefined` when it was called off. @param reason what it is for, when not to connect */
  async complete(reason?: PromptReason): Promise<Result<Ready, Failure> | undefined> {
    const { ready, missing, stored } = this.#parts;
    this.#reason ??= reason;
    this.#used = false;
    if (!missing) return { ok: true, value: ready };
    while (!this.#ready) {
      const { kind, user } = missing;
      if (this.#questions >= MOST_QUESTIONS)
        return {
          ok: false,
          error: refusal('LOCAL_CREDENTIALS', 'local', this.#problem ?? `no ${NAMES[kind]}`),
        };
      const reply = await this.#ask({ kind, user, problem: this.#problem, storable: stored }, BEFORE);
      if (reply.kind === 'withdrawn') return undefined;
      if (reply.kind === 'late') return { ok: false, error: late(kind, user, BEFORE, 'local') };
      const completed = missing.complete(reply.secret);
      if (!completed.ok) {
        reply.secret.wipe();
        this.#problem = completed.error;
        continue;
      }
      this.#given = reply.secret;
      this.#ready = completed.value;
      if (reply.store) this.#keep(kind, reply.secret);
    }
    this.#used = missing.kind === 'password';
    return { ok: true, value: this.#ready };
  }

  /** The profile itself has a password. */
  get #fromProfile(): boolean {
    const { localAuth, secondAuth } = this.#parts.ready.plan.ike;
    const eap = localAuth.kind === 'eap' ? localAuth : secondAuth?.auth;
    return eap?.password !== undefined;
  }

  /** A new try at an endpoint begins. */
  begin(): void {
    this.#repeated = false;
  }

  /** Answers the gateway's question during EAP. @param elapsed since the try began */
  answer(ask: Ask, elapsed: Millis, answer: (result: AnswerResult) => void): void {
    if (ask.kind === 'password' && this.#given && !this.#parts.missing && !this.#repeated) {
      this.#repeated = true;
      this.#used = true;
      answer({ ok: true, secret: new Secret(this.#given.expose()) });
      return;
    }
    if (this.#questions >= MOST_QUESTIONS) {
      const text = `the gateway asked more than ${MOST_QUESTIONS} times`;
      answer({ ok: false, failure: refusal('SECRET_NEEDED', 'IKE_AUTH', text) });
      return;
    }
    const within = millis(Math.max(AT_LEAST, DURING - elapsed));
    const storable =
      this.#parts.stored && ask.kind === 'password' && !this.#parts.missing && !this.#fromProfile;
    const problem = ask.problem ?? this.#problem;
    void this.#ask({ kind: ask.kind, user: ask.user, text: ask.text, problem, storable }, within).then(
      (reply) => {
        if (reply.kind === 'answered') {
          this.#used = true;
          if (ask.kind === 'password') this.#remember(reply.secret, reply.store);
          answer({ ok: true, secret: reply.secret });
        } else if (reply.kind === 'late')
          answer({ ok: false, failure: late(ask.kind, ask.user, within, 'IKE_AUTH') });
        else answer({ ok: false, failure: refusal('CANCELLED', 'IKE_AUTH', 'the question was withdrawn') });
      },
    );
  }

  /**
   * The try has failed. What the gateway refused with its authenticated word is forgotten; true when the user should
   * be asked once more. A stored password is not: it would be sent again and again without anybody's doing.
   */
  again(failure: Failure): boolean {
    if (failure.code !== 'AUTHENTICATION_FAILED' || !failure.authenticated || !this.#used) return false;
    this.forget();
    this.#problem = failure.message;
    return !this.#fromProfile && failure.check !== 'account' && this.#questions < MOST_QUESTIONS;
  }

  /** Connected: what was answered is right, and is kept where the user wants that. */
  proved(): void {
    this.#questions = 0;
    this.#problem = undefined;
    this.#reason = undefined;
    const keepsake = this.#keepsake;
    this.#keepsake = undefined;
    if (keepsake) this.#parts.events.keep(keepsake);
  }

  /** Nobody needs an answer any more. */
  withdraw(): void {
    this.#parts.prompt.withdraw();
  }

  /** For good: the tunnel is down. */
  end(): void {
    this.forget();
    this.#questions = 0;
    this.#problem = undefined;
    this.#reason = undefined;
  }

  forget(): void {
    this.#given?.wipe();
    this.#given = undefined;
    this.#ready = undefined;
    this.#keepsake?.secret.wipe();
    this.#keepsake = undefined;
  }

  #remember(secret: Secret, store: boolean): void {
    // A password that the profile lacked before the connection is the one in use; this answers something else.
    if (this.#parts.missing) return;
    this.#given?.wipe();
    this.#given = new Secret(secret.expose());
    this.#repeated = true;
    if (store) this.#keep('password', secret);
  }

  #keep(kind: Keepsake['kind'], secret: Secret): void {
    this.#keepsake?.secret.wipe();
    this.#keepsake = { kind, secret: new Secret(secret.expose()) };
  }

  #ask(question: Question, within: Millis): Promise<Reply> {
    const { prompt, events } = this.#parts;
    this.#questions++;
    const whose = question.user === undefined ? '' : ` of ${question.user}`;
    const why = this.#reason === undefined ? '' : ', to authenticate again';
    events.note('info', 'tunnel', `asking for the ${NAMES[question.kind]}${whose}${why}`);
    return new Promise((resolve) => prompt.ask({ ...question, reason: this.#reason }, within, resolve));
  }
}

function late(
  kind: keyof typeof NAMES,
  user: string | undefined,
  within: Millis,
  phase: Failure['phase'],
): Failure {
  const whose = user === undefined ? '' : ` of ${user}`;
  const span = `${Math.round(within / 1000)} s`;
  return refusal('SECRET_NEEDED', phase, `nobody gave the ${NAMES[kind]}${whose} within ${span}`);
}

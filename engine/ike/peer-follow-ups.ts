/**
 * SAs that the peer asked for and that wait for additional key exchanges (RFC 9370 §2.2.4): few of them, for a short
 * time, found by the link that our last answer gave. Nothing is installed before the last one has come.
 */
import type { Instant } from '../base/brand.ts';
import { equalBytes, wipe } from '../base/bytes.ts';
import { after, seconds } from '../base/instant.ts';
import { CryptoError } from '../crypto/port.ts';
import { findNotify, notify } from '../wire/find.ts';
import type { Payload } from '../wire/payloads/types.ts';
import { NotifyType } from '../wire/registry.ts';
import type { Core } from './core.ts';
import type { IkeSa } from './ike-sa.ts';
import { single } from './parts/pick.ts';

/** RFC 9370 §2.2.4 advises 5 to 20 seconds between two exchanges; a retransmit or two fits in. */
const PATIENCE_MS = seconds(20);
const MOST_WAITING = 4;
const LINK_LENGTH = 16;

type What = { readonly kind: 'ike' } | { readonly kind: 'child'; readonly replaces: number | undefined };

interface Series {
  readonly what: What;
  readonly sa: IkeSa;
  readonly methods: number[];
  readonly secrets: Uint8Array[];
  readonly first: Uint8Array;
  /** Makes the SA out of g^ir and the secrets; false when it is no longer wanted. */
  readonly finish: (secrets: readonly Uint8Array[]) => boolean;
  link: Uint8Array;
  until: Instant;
}

export class PeerFollowUps {
  #waiting: Series[] = [];

  /** Whether a series for this is open. */
  has(kind: 'ike'): boolean;
  has(kind: 'child', replaces?: number): boolean;
  has(kind: What['kind'], replaces?: number): boolean {
    return this.#waiting.some(
      ({ what }) =>
        what.kind === kind && (what.kind === 'ike' || replaces === undefined || what.replaces === replaces),
    );
  }

  /** The notify that our answer gets, or `undefined` when there are too many already. */
  begin(core: Core, series: Omit<Series, 'link' | 'until' | 'secrets'>): Payload | undefined {
    const { what } = series;
    // A peer that begins anew has forgotten what it had begun.
    if (what.kind === 'ike') this.drop(core, (other) => other.kind === 'ike');
    else if (what.replaces !== undefined)
      this.drop(core, (other) => other.kind === 'child' && other.replaces === what.replaces);
    if (this.#waiting.length >= MOST_WAITING) return undefined;
    const begun: Series = {
      ...series,
      secrets: [],
      link: core.context.random(LINK_LENGTH),
      until: after(core.now, PATIENCE_MS),
    };
    this.#waiting.push(begun);
    this.#arm(core);
    return notify(NotifyType.ADDITIONAL_KEY_EXCHANGE, begun.link);
  }

  /** Answers an IKE_FOLLOWUP_KE. */
  answer(core: Core, sa: IkeSa, payloads: readonly Payload[]): Payload[] {
    const link = findNotify(payloads, NotifyType.ADDITIONAL_KEY_EXCHANGE)?.data;
    const series = link && this.#waiting.find((s) => s.sa === sa && equalBytes(s.link, link));
    if (!series) return [notify(NotifyType.STATE_NOT_FOUND)];
    const [method] = series.methods;
    const ke = single(payloads, 'KE');
    if (method === undefined || ke?.method !== method) return this.#fail(core, series);
    let answer: { readonly publicValue: Uint8Array; readonly shared: Uint8Array };
    try {
      answer = core.context.crypto.answerKeyExchange(method, ke.data, core.context.random);
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      core.note('hint', `an additional key exchange failed: ${error.message}`, 'warn');
      return this.#fail(core, series);
    }
    series.methods.shift();
    series.secrets.push(answer.shared);
    const ours: Payload = { kind: 'KE', method, data: answer.publicValue };
    if (series.methods.length > 0) {
      series.link = core.context.random(LINK_LENGTH);
      series.until = after(core.now, PATIENCE_MS);
      this.#arm(core);
      return [ours, notify(NotifyType.ADDITIONAL_KEY_EXCHANGE, series.link)];
    }
    this.#waiting = this.#waiting.filter((other) => other !== series);
    this.#arm(core);
    const made = series.finish(series.secrets);
    wipe(series.first, ...series.secrets);
    return made ? [ours] : [notify(NotifyType.STATE_NOT_FOUND)];
  }

  /** Gives up on those that the peer has left. Tells whether the IKE SA's was among them. */
  expire(core: Core): boolean {
    const before = this.has('ike');
    for (const { what, until } of this.#waiting)
      if (until <= core.now)
        core.note('rekey', `the peer did not finish the key exchanges of ${nameOf(what)}`, 'warn');
    this.#remove(core, (series) => series.until <= core.now);
    return before && !this.has('ike');
  }

  drop(core: Core, which: (what: What) => boolean = () => true): void {
    this.#remove(core, (series) => which(series.what));
  }

  #remove(core: Core, which: (series: Series) => boolean): void {
    for (const series of this.#waiting) if (which(series)) wipe(series.first, ...series.secrets);
    this.#waiting = this.#waiting.filter((series) => !which(series));
    this.#arm(core);
  }

  #fail(core: Core, series: Series): Payload[] {
    this.#remove(core, (other) => other === series);
    return [notify(NotifyType.INVALID_SYNTAX)];
  }

  #arm(core: Core): void {
    const times = this.#waiting.map((series) => series.until);
    if (times.length === 0) core.deadlines.clear('follow-ups');
    else core.deadlines.set('follow-ups', Math.min(...times) as Instant);
  }
}

const nameOf = (what: What): string => (what.kind === 'ike' ? 'its new IKE SA' : 'its new CHILD_SA');

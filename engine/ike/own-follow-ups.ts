/**
 * Our half of the additional key exchanges that follow a CREATE_CHILD_SA of ours (RFC 9370 §2.2.4): one IKE_FOLLOWUP_KE
 * a method, each with the link that the peer's last answer gave.
 */
import { wipe } from '../base/bytes.ts';
import { findNotify, notify } from '../wire/find.ts';
import type { Payload } from '../wire/payloads/types.ts';
import { Exchange as ExchangeType, NotifyType } from '../wire/registry.ts';
import type { Core } from './core.ts';
import type { ExchangeTable } from './exchanges/exchange.ts';
import { OwnKeyExchange } from './own-key-exchange.ts';
import { single } from './parts/pick.ts';

/** A link means something to the responder alone, and needs no great length for it. */
const LONGEST_LINK = 256;
const MOST_FORGOTTEN = 3;

export type FollowedUp =
  | { readonly kind: 'more' }
  /** All secrets, in order. */
  | { readonly kind: 'done'; readonly secrets: readonly Uint8Array[] }
  | { readonly kind: 'broken'; readonly why: string };

export class OwnFollowUps {
  readonly table: ExchangeTable;
  readonly #left: number[];
  readonly #secrets: Uint8Array[] = [];
  readonly #first: Uint8Array | undefined;
  #ke: OwnKeyExchange | undefined;
  #link: Uint8Array;

  /**
   * @param answer the peer's to our CREATE_CHILD_SA, which has to begin the series
   * @param first g^ir of that exchange, wiped here when nothing comes of it
   * @param story of the exchange that it belongs to
   */
  static begin(
    methods: readonly number[],
    answer: readonly Payload[],
    first: Uint8Array | undefined,
    story: string,
  ): OwnFollowUps | undefined {
    const link = linkOf(answer);
    return link && new OwnFollowUps(methods, link, first, story);
  }

  private constructor(
    methods: readonly number[],
    link: Uint8Array,
    first: Uint8Array | undefined,
    story: string,
  ) {
    this.#left = [...methods];
    this.#link = link;
    this.#first = first;
    this.table = { type: ExchangeType.IKE_FOLLOWUP_KE, story };
  }

  /** The next request. */
  payloads(core: Core): Payload[] {
    this.#ke ??= new OwnKeyExchange(this.#left[0] ?? 0);
    return [...this.#ke.payloads(core), notify(NotifyType.ADDITIONAL_KEY_EXCHANGE, this.#link)];
  }

  /** Takes the answer to it. */
  take(payloads: readonly Payload[]): FollowedUp {
    const method = this.#left.shift() ?? 0;
    const ke = this.#ke?.finish(single(payloads, 'KE'), method);
    this.#ke = undefined;
    if (!ke?.ok || !ke.shared) return { kind: 'broken', why: ke && !ke.ok ? ke.why : 'has no key exchange' };
    this.#secrets.push(ke.shared);
    if (this.#left.length === 0) return { kind: 'done', secrets: this.#secrets };
    const link = linkOf(payloads);
    if (!link) return { kind: 'broken', why: 'breaks off the additional key exchanges' };
    this.#link = link;
    return { kind: 'more' };
  }

  abandon(): void {
    this.#ke?.abandon();
    wipe(this.#first, ...this.#secrets);
  }
}

/** RFC 9370 §2.2.4: a peer that keeps forgetting is beyond help. Counts each time. */
export const forgottenTooOften = (core: Core): boolean => ++core.followUpsForgotten > MOST_FORGOTTEN;

function linkOf(payloads: readonly Payload[]): Uint8Array | undefined {
  const link = findNotify(payloads, NotifyType.ADDITIONAL_KEY_EXCHANGE)?.data;
  return link && link.length > 0 && link.length <= LONGEST_LINK ? link : undefined;
}

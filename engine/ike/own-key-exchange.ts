/** Our half of a key exchange inside CREATE_CHILD_SA, with the group that may change on INVALID_KE_PAYLOAD (RFC 7296 §1.3). */
import { readU16 } from '../base/bytes.ts';
import { CryptoError, type PendingKeyExchange } from '../crypto/port.ts';
import { keyExchangeName } from '../crypto/suites.ts';
import type { KePayload } from '../wire/payloads/types.ts';
import type { Core } from './core.ts';

const MOST_GROUPS = 2;

export class OwnKeyExchange {
  #pending: PendingKeyExchange | undefined;
  #group: number;
  #changes = 0;

  /** @param group 0 for none */
  constructor(group: number) {
    this.#group = group;
  }

  get group(): number {
    return this.#group;
  }

  payloads(core: Core): KePayload[] {
    if (this.#group === 0) return [];
    this.#pending ??= core.context.crypto.beginKeyExchange(this.#group, core.context.random);
    return [{ kind: 'KE', method: this.#group, data: this.#pending.publicValue }];
  }

  /** Takes the group that an INVALID_KE_PAYLOAD names, when it is one of `offered` and not asked for too often. */
  change(data: Uint8Array, offered: readonly number[]): boolean {
    const group = data.length === 2 ? readU16(data, 0) : -1;
    if (!offered.includes(group) || group === this.#group || ++this.#changes > MOST_GROUPS) return false;
    this.abandon();
    this.#group = group;
    return true;
  }

  /** The shared secret, `undefined` without an exchange; or why the peer's half is no good. */
  finish(
    ke: KePayload | undefined,
    keMethod: number,
  ):
    | { readonly ok: true; readonly shared: Uint8Array | undefined }
    | { readonly ok: false; readonly why: string } {
    if (keMethod === 0) {
      this.abandon();
      return ke
        ? { ok: false, why: 'has a key exchange that was not chosen' }
        : { ok: true, shared: undefined };
    }
    if (!this.#pending || keMethod !== this.#group || ke?.method !== this.#group)
      return { ok: false, why: `does not finish the key exchange ${keyExchangeName(this.#group)}` };
    try {
      const shared = this.#pending.finish(ke.data);
      this.#pending = undefined;
      return { ok: true, shared };
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      return { ok: false, why: error.message };
    }
  }

  abandon(): void {
    this.#pending?.destroy();
    this.#pending = undefined;
  }
}

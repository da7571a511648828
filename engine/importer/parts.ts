/** Certificates and keys of a draft: one part a file or embedded bundle, locked until a passphrase opens it. */
import { wipe } from '../base/bytes.ts';
import { type OpenedPart, openPart } from '../pki/bundle.ts';
import { PkiError } from '../pki/error.ts';
import type { Budget } from '../pki/pbe.ts';

export interface PartSource {
  /** How people know it: a file name, with the field inside it where it is embedded. */
  readonly name: string;
  readonly octets: Uint8Array;
  /** Index of the profile that embeds it; `undefined` for a file of its own. */
  readonly owner?: number | undefined;
  /** Its certificates were named as anchors: they are trusted whatever they look like. */
  readonly anchors: boolean;
}

type State =
  | { readonly kind: 'locked' }
  | { readonly kind: 'open'; readonly part: OpenedPart }
  | { readonly kind: 'refused'; readonly reason: string };

export class Part {
  readonly name: string;
  readonly owner: number | undefined;
  readonly anchors: boolean;
  readonly #octets: Uint8Array;
  #state: State = { kind: 'locked' };

  constructor({ name, octets, owner, anchors }: PartSource) {
    this.name = name;
    this.#octets = octets;
    this.owner = owner;
    this.anchors = anchors;
  }

  get locked(): boolean {
    return this.#state.kind === 'locked';
  }

  get opened(): OpenedPart | undefined {
    return this.#state.kind === 'open' ? this.#state.part : undefined;
  }

  /** Why there is nothing to be had of it. */
  get problem(): string | undefined {
    return this.#state.kind === 'refused' ? `${this.name}: ${this.#state.reason}.` : undefined;
  }

  /** Tries each passphrase, and none at all first; whether it is open now. */
  unlock(passphrases: readonly string[], budget: Budget): boolean {
    for (const passphrase of [undefined, ...passphrases]) {
      if (this.#state.kind !== 'locked') break;
      this.#try(passphrase, budget);
    }
    return this.#state.kind === 'open';
  }

  #try(passphrase: string | undefined, budget: Budget): void {
    try {
      const part = openPart(
        { octets: this.#octets, ...(passphrase === undefined ? {} : { passphrase }) },
        budget,
      );
      this.#state = { kind: 'open', part };
    } catch (cause) {
      if (!(cause instanceof PkiError)) throw cause;
      if (cause.code === 'passphrase-needed' || cause.code === 'wrong-passphrase') return;
      this.#state = { kind: 'refused', reason: cause.message };
    }
  }

  /** Forgets what is in it. */
  wipe(): void {
    wipe(this.#octets);
    this.#state = { kind: 'refused', reason: 'it was forgotten' };
  }
}

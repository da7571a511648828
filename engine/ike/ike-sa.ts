/** One IKE SA: its SPIs, its keys, its message window. A session has two while one replaces the other. */
import type { IkeSpi } from '../base/brand.ts';
import { wipe } from '../base/bytes.ts';
import type { CipherSuite } from '../crypto/port.ts';
import type { Protection } from './sealed.ts';
import { Window } from './window.ts';

export interface IkeCrypt {
  readonly suite: CipherSuite;
  readonly prf: number;
  readonly keMethod: number;
  /** Methods of the additional key exchanges that are in the keys. */
  readonly additional: readonly number[];
  readonly protection: Protection;
  /** SK_d: keys of children and of the next IKE SA come from it. */
  readonly skD: Uint8Array;
}

export class IkeSa {
  readonly id: number;
  /** Whether we are its original initiator: the one who rekeyed is, for a rekeyed SA. */
  readonly initiator: boolean;
  readonly spiInitiator: IkeSpi;
  spiResponder: IkeSpi;
  readonly generation: number;
  readonly window: Window = new Window();
  crypt: IkeCrypt | undefined;
  /** Another SA has taken over; only its deletion is still to come. */
  replaced = false;
  /** Deleted: kept for a while only to repeat its last answer. */
  gone = false;

  constructor(
    id: number,
    initiator: boolean,
    spiInitiator: IkeSpi,
    spiResponder: IkeSpi,
    generation: number,
  ) {
    this.id = id;
    this.initiator = initiator;
    this.spiInitiator = spiInitiator;
    this.spiResponder = spiResponder;
    this.generation = generation;
  }

  get ownSpi(): IkeSpi {
    return this.initiator ? this.spiInitiator : this.spiResponder;
  }

  get peerSpi(): IkeSpi {
    return this.initiator ? this.spiResponder : this.spiInitiator;
  }

  /** Wipes all keys. */
  destroy(): void {
    this.window.flight?.exchange.abandon?.();
    this.window.clear(this.crypt?.protection);
    this.crypt?.protection.destroy();
    wipe(this.crypt?.skD);
    this.crypt = undefined;
    this.gone = true;
  }
}

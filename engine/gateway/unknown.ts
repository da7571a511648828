/**
 * What a gateway answers to messages and packets of SAs that it does not have, as after a restart (RFC 7296 §1.5,
 * §2.21.4): in the clear, never to an answer, and only so often, since anybody can ask for it.
 */
import type { IkeSpi, Instant, MessageId } from '../base/brand.ts';
import { ZERO_IKE_SPI } from '../base/brand.ts';
import { u32 } from '../base/bytes.ts';
import { encodeMessage } from '../wire/codec.ts';
import { notify } from '../wire/find.ts';
import type { Header } from '../wire/message.ts';
import { Exchange, NotifyType } from '../wire/registry.ts';

/** In any second. */
const MOST = 10;

export class UnknownAnswers {
  #second = Number.NEGATIVE_INFINITY;
  #sent = 0;

  /** The answer to a request of an unknown IKE SA; `undefined`: none. */
  toMessage(header: Header, now: Instant): Uint8Array | undefined {
    if (header.response || header.exchange === Exchange.IKE_SA_INIT || !this.#may(now)) return undefined;
    const answer = {
      ...header,
      majorVersion: 2,
      minorVersion: 0,
      response: true,
      initiator: !header.initiator,
    };
    return encodeMessage(answer, [notify(NotifyType.INVALID_IKE_SPI)]);
  }

  /** What is said of a packet of an unknown ESP SA; `undefined`: nothing. */
  toPacket(spi: number, now: Instant): Uint8Array | undefined {
    if (!this.#may(now)) return undefined;
    const header: Header = {
      spiInitiator: ZERO_IKE_SPI as IkeSpi,
      spiResponder: ZERO_IKE_SPI as IkeSpi,
      majorVersion: 2,
      minorVersion: 0,
      exchange: Exchange.INFORMATIONAL,
      response: false,
      initiator: true,
      messageId: 0 as MessageId,
    };
    return encodeMessage(header, [notify(NotifyType.INVALID_SPI, u32(spi))]);
  }

  #may(now: Instant): boolean {
    if (now - this.#second >= 1000) {
      this.#second = now;
      this.#sent = 0;
    }
    return this.#sent++ < MOST;
  }
}

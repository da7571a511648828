/**
 * A responder's stateless cookies (RFC 7296 §2.6): version | HMAC over Ni, the peer's address, SPIi. Nothing is kept for
 * a peer until its cookie has come back.
 */
import type { Instant } from '../../base/brand.ts';
import { concat, equalConstantTime, fromHex, utf8 } from '../../base/bytes.ts';
import type { Endpoint } from '../../base/ip.ts';
import type { CryptoProvider, RandomSource } from '../../crypto/port.ts';
import { decodeMessage, encodeMessage } from '../../wire/codec.ts';
import { findNotify, notify } from '../../wire/find.ts';
import type { Message } from '../../wire/message.ts';
import { Exchange, NotifyType, Prf } from '../../wire/registry.ts';
import { single } from './pick.ts';

/** The secret changes this often; the one before stays valid, so that a cookie lives at least as long. */
const SECRET_LIFE_MS = 60_000;

export class CookieJar {
  readonly #crypto: CryptoProvider;
  readonly #random: RandomSource;
  #version = 0;
  #secrets: { readonly version: number; readonly key: Uint8Array }[] = [];
  #bornAt = 0;

  constructor(crypto: CryptoProvider, random: RandomSource) {
    this.#crypto = crypto;
    this.#random = random;
  }

  /**
   * The answer that demands a cookie, or `undefined` when the request carries a good one.
   * A datagram that is no IKE_SA_INIT request with a nonce gets `undefined` too: the session will refuse it.
   */
  demand(bytes: Uint8Array, remote: Endpoint, now: Instant): Uint8Array | undefined {
    const message = readRequest(bytes);
    const nonce = message && single(message.payloads, 'Nonce');
    if (!message || !nonce) return undefined;
    this.#turn(now);
    const sent = findNotify(message.payloads, NotifyType.COOKIE);
    if (sent && this.#good(sent.data, nonce.data, remote, message)) return undefined;
    const current = this.#secrets[0];
    if (!current) return undefined;
    return encodeMessage({ ...message, response: true, initiator: false }, [
      notify(NotifyType.COOKIE, this.#bake(current, nonce.data, remote, message)),
    ]);
  }

  #turn(now: Instant): void {
    if (this.#secrets.length > 0 && now - this.#bornAt < SECRET_LIFE_MS) return;
    this.#bornAt = now;
    this.#version = (this.#version + 1) & 0xff;
    this.#secrets = [{ version: this.#version, key: this.#random(32) }, ...this.#secrets.slice(0, 1)];
  }

  #bake(
    secret: { readonly version: number; readonly key: Uint8Array },
    nonce: Uint8Array,
    remote: Endpoint,
    message: Message,
  ): Uint8Array {
    const mac = this.#crypto.prf(
      Prf.HMAC_SHA2_256,
      secret.key,
      nonce,
      utf8(`${remote.address} ${remote.port}`),
      fromHex(message.spiInitiator),
    );
    return concat(Uint8Array.of(secret.version), mac);
  }

  #good(cookie: Uint8Array, nonce: Uint8Array, remote: Endpoint, message: Message): boolean {
    const secret = this.#secrets.find((s) => s.version === cookie[0]);
    return secret !== undefined && equalConstantTime(cookie, this.#bake(secret, nonce, remote, message));
  }
}

function readRequest(bytes: Uint8Array): Message | undefined {
  try {
    const message = decodeMessage(bytes);
    return message.exchange === Exchange.IKE_SA_INIT && !message.response ? message : undefined;
  } catch {
    return undefined;
  }
}

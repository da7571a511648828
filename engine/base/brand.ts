/** Branded numbers and strings: quantities that must not be mixed up, at no run-time cost. */

declare const brand: unique symbol;

export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** ESP SPI, 1..2^32-1 (RFC 4303 §2.1); 0 never goes on the wire and 1..255 are reserved. */
export type Spi32 = Brand<number, 'Spi32'>;

/** IKE SPI, eight octets as sixteen lower-case hex digits (RFC 7296 §3.1). */
export type IkeSpi = Brand<string, 'IkeSpi'>;

/** IKE message ID, 0..2^32-1 (RFC 7296 §2.2). */
export type MessageId = Brand<number, 'MessageId'>;

/** A span of time in milliseconds. */
export type Millis = Brand<number, 'Millis'>;

/** A moment on a monotonic clock, in milliseconds since an arbitrary origin. */
export type Instant = Brand<number, 'Instant'>;

export const ZERO_IKE_SPI: IkeSpi = '0000000000000000' as IkeSpi;

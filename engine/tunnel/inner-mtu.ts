/** How large an inner packet may be so that its ESP-in-UDP datagram fits the path (RFC 3948 §2.1, RFC 4303 §2). */
import { isIpv6 } from '../base/ip.ts';
import type { CipherSizes } from '../crypto/port.ts';

const UDP_HEADER = 8;
/** SPI and sequence number. */
const ESP_HEADER = 8;
/** Pad length and next header. */
const ESP_TRAILER = 2;
/** Smallest link MTU that IPv6 allows (RFC 8200 §5); below it the tun could not carry IPv6. */
export const MINIMUM_MTU = 1280;

/** The largest inner packet, in octets, for an outer path of `pathMtu` octets toward `remote`. */
export function innerMtu(
  pathMtu: number,
  remote: string,
  sizes: Pick<CipherSizes, 'ivLength' | 'icvLength' | 'blockLength'>,
): number {
  const room =
    pathMtu - (isIpv6(remote) ? 40 : 20) - UDP_HEADER - ESP_HEADER - sizes.ivLength - sizes.icvLength;
  const alignment = Math.max(4, sizes.blockLength);
  return Math.floor(room / alignment) * alignment - ESP_TRAILER;
}

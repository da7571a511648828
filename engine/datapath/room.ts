/** Sizes that everything on a packet's way agrees on, in octets. */

/** What a carrier keeps free before an inner packet: ESP header and the longest IV. */
export const HEADROOM = 32;
/** What it keeps free behind: padding, trailer and the longest ICV. */
export const TAILROOM = 64;
/** No IP packet and no datagram is longer. */
export const LARGEST_PACKET = 65535;

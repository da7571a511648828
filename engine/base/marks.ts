/** What a socket can do for the traffic class of the IP headers around its datagrams. */

/** The whole traffic class (DSCP and ECN field), the ECN field alone, or nothing. */
export type Marks = 'class' | 'ecn' | 'none';

const BITS: Readonly<Record<Marks, number>> = { class: 0xff, ecn: 0x03, none: 0 };

/** Those bits of the octet that holds the traffic class. */
export const markBits = (marks: Marks): number => BITS[marks];

const WORDS: Readonly<Record<Marks, string>> = { class: 'DSCP ECN', ecn: 'ECN', none: 'no marks' };

/** For the status: what goes out with each datagram, and what is told of each that comes in. */
export const describeMarks = (says: Marks, tells: Marks): string =>
  says === tells ? WORDS[says] : `${WORDS[says]} out, ${WORDS[tells]} in`;

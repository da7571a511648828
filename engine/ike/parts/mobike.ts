/** MOBIKE's notifies (RFC 4555 §4): who supports it, where else an end can be reached, and the return routability cookie. */
import { equalConstantTime } from '../../base/bytes.ts';
import { formatIp, isIpv6, parseIp } from '../../base/ip.ts';
import { findNotifies, findNotify, notify } from '../../wire/find.ts';
import type { Payload } from '../../wire/payloads/types.ts';
import { NotifyType } from '../../wire/registry.ts';

/** Of ours that are told, and of the peer's that are kept. */
const MOST_ADDRESSES = 8;

const COOKIE2_OCTETS = 16;
/** RFC 4555 §4.2.5. */
const COOKIE2_LIMITS = { least: 8, most: 64 } as const;

/** `used` is the address that the message comes from, which goes without saying. */
export function additionalAddresses(addresses: readonly string[], used: string | undefined): Payload[] {
  const others = addresses.filter((address) => address !== used).slice(0, MOST_ADDRESSES);
  return others.flatMap((address) => {
    const data = parseIp(address);
    if (!data) return [];
    const type = isIpv6(address) ? NotifyType.ADDITIONAL_IP6_ADDRESS : NotifyType.ADDITIONAL_IP4_ADDRESS;
    return [notify(type, data)];
  });
}

/** The same in a message of its own, where silence would mean "as before" (§3.6). */
export function changedAddresses(addresses: readonly string[], used: string | undefined): Payload[] {
  const others = additionalAddresses(addresses, used);
  return others.length > 0 ? others : [notify(NotifyType.NO_ADDITIONAL_ADDRESSES)];
}

/** The peer's further addresses; `undefined` when the message does not speak of them. */
export function readAddresses(payloads: readonly Payload[]): readonly string[] | undefined {
  const found = [
    ...findNotifies(payloads, NotifyType.ADDITIONAL_IP4_ADDRESS).filter((n) => n.data.length === 4),
    ...findNotifies(payloads, NotifyType.ADDITIONAL_IP6_ADDRESS).filter((n) => n.data.length === 16),
  ];
  if (found.length === 0)
    return findNotify(payloads, NotifyType.NO_ADDITIONAL_ADDRESSES) === undefined ? undefined : [];
  return [...new Set(found.slice(0, MOST_ADDRESSES).map((n) => formatIp(n.data)))];
}

export const freshCookie2 = (random: (length: number) => Uint8Array): Uint8Array => random(COOKIE2_OCTETS);

/** What an answer owes to a request with a COOKIE2: the same octets. */
export function cookie2Echo(payloads: readonly Payload[]): Payload[] {
  const asked = findNotify(payloads, NotifyType.COOKIE2);
  if (!asked || asked.data.length < COOKIE2_LIMITS.least || asked.data.length > COOKIE2_LIMITS.most)
    return [];
  return [notify(NotifyType.COOKIE2, asked.data)];
}

export function echoes(payloads: readonly Payload[], cookie: Uint8Array): boolean {
  const echo = findNotify(payloads, NotifyType.COOKIE2);
  return echo !== undefined && equalConstantTime(echo.data, cookie);
}

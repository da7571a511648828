/** The data of REDIRECT and REDIRECTED_FROM (RFC 5685 §7.2, §7.3): who another gateway is, and the nonce that vouches. */
import { concat, fromUtf8, utf8 } from '../../base/bytes.ts';
import { canonicalIp, formatIp, parseIp } from '../../base/ip.ts';
import { notify } from '../../wire/find.ts';
import type { NotifyPayload } from '../../wire/payloads/types.ts';
import { NotifyType } from '../../wire/registry.ts';
import type { RedirectTarget } from '../contract.ts';

/** GW Identity Type (§10). */
const GatewayIdentity = { IPV4: 1, IPV6: 2, FQDN: 3 } as const;

/** A nonce (RFC 7296 §2.10). */
const LONGEST_NONCE = 256;

const HOST_NAME =
  /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

export interface Redirection {
  readonly target: RedirectTarget;
  /** Ours, said again: in IKE_SA_INIT only it tells a gateway from somebody who just sends. */
  readonly nonce: Uint8Array;
}

/** What REDIRECT says; `undefined` when it says nothing that could be a gateway. */
export function readRedirect(data: Uint8Array): Redirection | undefined {
  const [type, length] = data;
  if (type === undefined || length === undefined || data.length < 2 + length) return undefined;
  const nonce = data.slice(2 + length);
  const target = readTarget(type, data.subarray(2, 2 + length));
  return target && nonce.length <= LONGEST_NONCE ? { target, nonce } : undefined;
}

function readTarget(type: number, octets: Uint8Array): RedirectTarget | undefined {
  if (type === GatewayIdentity.FQDN) {
    const name = fromUtf8(octets).toLowerCase();
    return HOST_NAME.test(name) && canonicalIp(name) === undefined && !/^[0-9.]+$/.test(name)
      ? { kind: 'name', text: name }
      : undefined;
  }
  const wanted = type === GatewayIdentity.IPV4 ? 4 : type === GatewayIdentity.IPV6 ? 16 : 0;
  if (octets.length !== wanted || !isUnicast(octets)) return undefined;
  return { kind: 'address', text: formatIp(octets) };
}

/** Whether another machine can have this address: no loopback, link-local, multicast or unspecified one. */
function isUnicast(ip: Uint8Array): boolean {
  const [first = 0, second = 0] = ip;
  if (ip.length === 4)
    return first !== 0 && first !== 127 && first < 224 && !(first === 169 && second === 254);
  // What begins with zeros is ::, ::1 or an IPv4 address in disguise.
  const low = ip.subarray(0, 8).every((b) => b === 0);
  return !low && first !== 0xff && !(first === 0xfe && (second & 0xc0) === 0x80);
}

/** @param nonce the initiator's, in IKE_SA_INIT only (§3) */
export function redirectNotify(target: RedirectTarget, nonce?: Uint8Array): NotifyPayload {
  const octets = target.kind === 'name' ? utf8(target.text) : parseIp(target.text);
  if (!octets || octets.length < 1 || octets.length > 255)
    throw new RangeError(`no gateway to redirect to: ${target.text}`);
  return notify(NotifyType.REDIRECT, concat(identity(target.kind, octets), nonce ?? new Uint8Array(0)));
}

/** Who sent us to the gateway that this is for, by address; nothing when that is unknown. */
export function redirectedFrom(address: string): NotifyPayload[] {
  const octets = parseIp(address);
  return octets ? [notify(NotifyType.REDIRECTED_FROM, identity('address', octets))] : [];
}

function identity(kind: RedirectTarget['kind'], octets: Uint8Array): Uint8Array {
  const type =
    kind === 'name'
      ? GatewayIdentity.FQDN
      : octets.length === 4
        ? GatewayIdentity.IPV4
        : GatewayIdentity.IPV6;
  return concat(Uint8Array.of(type, octets.length), octets);
}

/** The Configuration payload (RFC 7296 §2.19, §3.15): addresses, DNS, subnets; domains by RFC 8598. */
import { concat, fromUtf8, utf8 } from '../../base/bytes.ts';
import { formatIp, type Prefix, parseIp } from '../../base/ip.ts';
import type { CpPayload } from '../../wire/payloads/types.ts';
import { CfgAttribute, CfgType } from '../../wire/registry.ts';
import type { Assigned, VirtualIpRequest } from '../contract.ts';

/** Most entries that are taken of each kind. */
const MOST = 64;
const EMPTY = new Uint8Array(0);

type Attribute = CpPayload['attributes'][number];

export const wantsAny = (request: VirtualIpRequest): boolean => request.ipv4 || request.ipv6 || request.dns;

export function cfgRequest(request: VirtualIpRequest): CpPayload {
  const attributes: Attribute[] = [];
  const ask = (type: number, value: Uint8Array = EMPTY): number => attributes.push({ type, value });
  const wanted = (request.wanted ?? []).slice(0, MOST).map((p) => ({ ip: octets(p.address), ...p }));
  if (request.ipv4) {
    const ours = wanted.filter(({ ip }) => ip.length === 4);
    for (const { ip } of ours) ask(CfgAttribute.INTERNAL_IP4_ADDRESS, ip);
    if (ours.length === 0) ask(CfgAttribute.INTERNAL_IP4_ADDRESS);
    ask(CfgAttribute.INTERNAL_IP4_NETMASK);
    ask(CfgAttribute.INTERNAL_IP4_SUBNET);
  }
  if (request.ipv6) {
    const ours = wanted.filter(({ ip }) => ip.length === 16);
    for (const { ip, length } of ours)
      ask(CfgAttribute.INTERNAL_IP6_ADDRESS, concat(ip, Uint8Array.of(length)));
    if (ours.length === 0) ask(CfgAttribute.INTERNAL_IP6_ADDRESS);
    ask(CfgAttribute.INTERNAL_IP6_SUBNET);
  }
  if (request.dns) {
    if (request.ipv4 || !request.ipv6) ask(CfgAttribute.INTERNAL_IP4_DNS);
    if (request.ipv6) ask(CfgAttribute.INTERNAL_IP6_DNS);
    ask(CfgAttribute.INTERNAL_DNS_DOMAIN);
  }
  return { kind: 'CP', cfgType: CfgType.REQUEST, attributes };
}

/** What a peer's CFG_REQUEST asks for. */
export function readRequest(payload: CpPayload): VirtualIpRequest {
  const asks = (...types: readonly number[]): boolean =>
    payload.attributes.some((a) => types.includes(a.type));
  return {
    ipv4: asks(CfgAttribute.INTERNAL_IP4_ADDRESS),
    ipv6: asks(CfgAttribute.INTERNAL_IP6_ADDRESS),
    dns: asks(CfgAttribute.INTERNAL_IP4_DNS, CfgAttribute.INTERNAL_IP6_DNS),
  };
}

export function cfgReply(assigned: Assigned): CpPayload {
  const attributes: Attribute[] = [];
  for (const { address, length } of assigned.addresses) {
    const ip = octets(address);
    if (ip.length === 4) {
      attributes.push({ type: CfgAttribute.INTERNAL_IP4_ADDRESS, value: ip });
      if (length < 32) attributes.push({ type: CfgAttribute.INTERNAL_IP4_NETMASK, value: maskOf(length) });
    } else
      attributes.push({ type: CfgAttribute.INTERNAL_IP6_ADDRESS, value: concat(ip, Uint8Array.of(length)) });
  }
  for (const server of assigned.dns) {
    const ip = octets(server);
    const type = ip.length === 4 ? CfgAttribute.INTERNAL_IP4_DNS : CfgAttribute.INTERNAL_IP6_DNS;
    attributes.push({ type, value: ip });
  }
  for (const { address, length } of assigned.subnets) {
    const ip = octets(address);
    attributes.push(
      ip.length === 4
        ? { type: CfgAttribute.INTERNAL_IP4_SUBNET, value: concat(ip, maskOf(length)) }
        : { type: CfgAttribute.INTERNAL_IP6_SUBNET, value: concat(ip, Uint8Array.of(length)) },
    );
  }
  for (const domain of assigned.domains)
    attributes.push({ type: CfgAttribute.INTERNAL_DNS_DOMAIN, value: utf8(domain) });
  return { kind: 'CP', cfgType: CfgType.REPLY, attributes };
}

/** What a CFG_REPLY gives of what was asked; attributes that were not asked for, or are malformed, are left out. */
export function readReply(payload: CpPayload, asked: VirtualIpRequest): Assigned {
  const of = (type: number): Uint8Array[] =>
    payload.attributes
      .filter((a) => a.type === type)
      .slice(0, MOST)
      .map((a) => a.value);
  const netmask = of(CfgAttribute.INTERNAL_IP4_NETMASK).map(maskLength)[0];
  const addresses: Prefix[] = [];
  const dns: string[] = [];
  const subnets: Prefix[] = [];
  if (asked.ipv4) {
    for (const ip of of(CfgAttribute.INTERNAL_IP4_ADDRESS))
      if (ip.length === 4 && usable(ip)) addresses.push({ address: formatIp(ip), length: netmask ?? 32 });
    for (const v of of(CfgAttribute.INTERNAL_IP4_SUBNET)) {
      const length = v.length === 8 ? maskLength(v.subarray(4)) : undefined;
      if (length !== undefined) subnets.push({ address: formatIp(v.subarray(0, 4)), length });
    }
  }
  if (asked.ipv6) {
    for (const v of of(CfgAttribute.INTERNAL_IP6_ADDRESS))
      if (v.length === 17 && (v[16] as number) <= 128 && usable(v.subarray(0, 16)))
        addresses.push({ address: formatIp(v.subarray(0, 16)), length: v[16] as number });
    for (const v of of(CfgAttribute.INTERNAL_IP6_SUBNET))
      if (v.length === 17 && (v[16] as number) <= 128)
        subnets.push({ address: formatIp(v.subarray(0, 16)), length: v[16] as number });
  }
  if (asked.dns) {
    for (const ip of of(CfgAttribute.INTERNAL_IP4_DNS)) if (ip.length === 4) dns.push(formatIp(ip));
    for (const ip of of(CfgAttribute.INTERNAL_IP6_DNS)) if (ip.length === 16) dns.push(formatIp(ip));
  }
  const domains = asked.dns ? of(CfgAttribute.INTERNAL_DNS_DOMAIN).flatMap(domainOf) : [];
  return { addresses, dns, subnets, domains };
}

function octets(address: string): Uint8Array {
  const ip = parseIp(address);
  if (!ip) throw new RangeError(`not an address: ${address}`);
  return ip;
}

/** Neither unspecified nor all ones. */
const usable = (ip: Uint8Array): boolean => ip.some((b) => b !== 0) && ip.some((b) => b !== 255);

const maskOf = (length: number): Uint8Array =>
  Uint8Array.from({ length: 4 }, (_, i) => (0xff00 >> Math.min(8, Math.max(0, length - 8 * i))) & 0xff);

function maskLength(mask: Uint8Array): number | undefined {
  if (mask.length !== 4) return undefined;
  for (let length = 0; length <= 32; length++)
    if (maskOf(length).every((b, i) => b === mask[i])) return length;
  return undefined;
}

/** Host name characters only: the text ends up in the system's resolver. */
function domainOf(value: Uint8Array): string[] {
  const text = fromUtf8(value).replace(/\.$/, '').toLowerCase();
  return /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/.test(text)
    ? [text]
    : [];
}

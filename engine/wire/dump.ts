/**
 * One line a message, for logs and tests. Shows names, sizes, SPIs, proposals, selectors and identities;
 * never a nonce, a public value, AUTH data, a certificate, an EAP packet or a cookie. What the peer wrote is
 * escaped and cut, so that it can neither forge a line nor fill a disk.
 */
import { assertNever } from '../base/assert-never.ts';
import { fromUtf8, toHex } from '../base/bytes.ts';
import { formatIp, formatPrefix, rangePrefix } from '../base/ip.ts';
import type { Header } from './message.ts';
import type {
  CpPayload,
  EapPayload,
  IdPayload,
  NotifyPayload,
  Payload,
  Proposal,
  TrafficSelector,
  Transform,
} from './payloads/types.ts';
import {
  AuthMethod,
  CertEncoding,
  CfgAttribute,
  CfgType,
  EapCode,
  Encr,
  Esn,
  Exchange,
  IdType,
  Integ,
  KeMethod,
  NotifyType,
  nameOf,
  Prf,
  Protocol,
  TransformType,
} from './registry.ts';

/** Items of one list, and characters of one text, before the rest is only counted. */
const MAX_ITEMS = 16;
const MAX_TEXT = 80;

function list<T>(items: readonly T[], show: (item: T) => string, separator: string): string {
  const shown = items.slice(0, MAX_ITEMS).map(show);
  if (items.length > MAX_ITEMS) shown.push(`+${items.length - MAX_ITEMS}`);
  return shown.join(separator);
}

/** The peer's text: printable ASCII but our own marks as it is, all else as `?`. */
function foreign(bytes: Uint8Array): string {
  const text = fromUtf8(bytes.subarray(0, MAX_TEXT)).replace(/[^!-~]|[[\]{}()|,]/g, '?');
  return bytes.length > MAX_TEXT ? `${text}…` : text;
}

const TRANSFORMS: Readonly<Record<number, Readonly<Record<string, number>>>> = {
  [TransformType.ENCR]: Encr,
  [TransformType.PRF]: Prf,
  [TransformType.INTEG]: Integ,
  [TransformType.KE]: KeMethod,
  [TransformType.ESN]: Esn,
};

function transformText(t: Transform): string {
  const table = TRANSFORMS[t.type];
  const known = table && nameOf(table, t.id);
  const isNamed = known !== undefined && known !== String(t.id);
  const prefix = t.type === TransformType.PRF ? 'PRF_' : '';
  const name = isNamed ? `${prefix}${known}` : `${nameOf(TransformType, t.type)}.${t.id}`;
  const attributes = t.otherAttributes ? `+${t.otherAttributes.length}attr` : '';
  return (t.keyLength === undefined ? name : `${name}_${t.keyLength}`) + attributes;
}

const protocolText = (protocol: number): string => nameOf(Protocol, protocol);

/** `ESP:AES_GCM_16_256/ESN`, with the SPI when there is one: `ESP.c1a2b3d4:…`. */
export function proposalText(p: Proposal): string {
  const spi = p.spi.length > 0 ? `.${toHex(p.spi)}` : '';
  return `${protocolText(p.protocol)}${spi}:${list(p.transforms, transformText, '/')}`;
}

/** `10.0.0.0/8`, `10.0.0.1-10.0.0.9`, with `[6/80]` behind it when narrowed to an IP protocol and ports. */
export function selectorText(s: TrafficSelector): string {
  const prefix = rangePrefix(s);
  const range = prefix ? formatPrefix(prefix) : `${formatIp(s.start)}-${formatIp(s.end)}`;
  const anyPort = s.startPort === 0 && s.endPort === 0xffff;
  if (anyPort && s.protocol === 0) return range;
  const isOpaque = s.startPort === 0xffff && s.endPort === 0;
  const ports = s.startPort === s.endPort ? `${s.startPort}` : `${s.startPort}-${s.endPort}`;
  return `${range}[${s.protocol || 'any'}${anyPort ? '' : `/${isOpaque ? 'opaque' : ports}`}]`;
}

function idText({ kind, idType, data }: IdPayload): string {
  const type = nameOf(IdType, idType);
  switch (idType) {
    case IdType.IPV4_ADDR:
    case IdType.IPV6_ADDR:
      return `${kind}(${data.length === 4 || data.length === 16 ? formatIp(data) : type})`;
    case IdType.FQDN:
    case IdType.RFC822_ADDR:
      return `${kind}(${type} ${foreign(data)})`;
    default:
      return `${kind}(${type} ${data.length}B)`;
  }
}

/** `N(TYPE)`, with the SA that it concerns, and the size of its data. */
export function notifyText(n: NotifyPayload): string {
  const spi = n.spi.length > 0 ? ` ${protocolText(n.protocol)}.${toHex(n.spi.subarray(0, 8))}` : '';
  const size = n.data.length > 0 ? ` ${n.data.length}B` : '';
  return `N(${nameOf(NotifyType, n.type)}${spi}${size})`;
}

const ADDRESS_ATTRIBUTES: ReadonlySet<number> = new Set([
  CfgAttribute.INTERNAL_IP4_ADDRESS,
  CfgAttribute.INTERNAL_IP4_NETMASK,
  CfgAttribute.INTERNAL_IP4_DNS,
  CfgAttribute.INTERNAL_IP4_NBNS,
  CfgAttribute.INTERNAL_IP6_ADDRESS,
  CfgAttribute.INTERNAL_IP6_DNS,
]);

function attributeText({ type, value }: CpPayload['attributes'][number]): string {
  const name = nameOf(CfgAttribute, type);
  if (value.length === 0) return name;
  if (ADDRESS_ATTRIBUTES.has(type)) {
    if (value.length === 4 || value.length === 16) return `${name}=${formatIp(value)}`;
    if (value.length === 17) return `${name}=${formatIp(value.subarray(0, 16))}/${value[16]}`;
  }
  return `${name}=${value.length}B`;
}

const EAP_TYPE_AT = 4;

function eapText({ packet }: EapPayload): string {
  const type = packet[EAP_TYPE_AT];
  return `EAP(${nameOf(EapCode, packet[0] ?? 0)}${type === undefined ? '' : ` type ${type}`} ${packet.length}B)`;
}

/** One payload; `inside` is what an SK or SKF payload turned out to hold. */
export function payloadText(p: Payload, inside?: readonly Payload[]): string {
  switch (p.kind) {
    case 'SA':
      return `SA(${list(p.proposals, proposalText, ', ')})`;
    case 'KE':
      return `KE(${nameOf(KeMethod, p.method)} ${p.data.length}B)`;
    case 'IDi':
    case 'IDr':
      return idText(p);
    case 'CERT':
      return `CERT(${nameOf(CertEncoding, p.encoding)} ${p.data.length}B)`;
    case 'CERTREQ':
      return `CERTREQ(${nameOf(CertEncoding, p.encoding)} ${p.authorities.length}B)`;
    case 'AUTH':
      return `AUTH(${nameOf(AuthMethod, p.method)})`;
    case 'Nonce':
      return `Nonce(${p.data.length}B)`;
    case 'Notify':
      return notifyText(p);
    case 'Delete':
      return `Delete(${protocolText(p.protocol)}${p.spis.length > 0 ? ' ' : ''}${list(p.spis, (s) => toHex(s.subarray(0, 8)), ' ')})`;
    case 'Vendor':
      return `Vendor(${p.data.length}B)`;
    case 'TSi':
    case 'TSr': {
      const unknown = p.unknown ? ` +${p.unknown.length}unknown` : '';
      return `${p.kind}(${list(p.selectors, selectorText, ' ')}${unknown})`;
    }
    case 'CP': {
      const attributes = p.attributes.length > 0 ? ` ${list(p.attributes, attributeText, ' ')}` : '';
      return `CP(${nameOf(CfgType, p.cfgType)}${attributes})`;
    }
    case 'EAP':
      return eapText(p);
    case 'SK':
      return inside ? `SK{${payloadsText(inside)}}` : `SK(${p.body.length}B)`;
    case 'SKF':
      return inside && p.number === p.total
        ? `SKF(${p.number}/${p.total}){${payloadsText(inside)}}`
        : `SKF(${p.number}/${p.total} ${p.body.length}B)`;
    case 'Unknown':
      return `Unknown(${p.type}${p.critical ? ' critical' : ''} ${p.body.length}B)`;
    default:
      return assertNever(p);
  }
}

const payloadsText = (payloads: readonly Payload[]): string => payloads.map((p) => payloadText(p)).join(' ');

/**
 * `IKE_AUTH request 1 I→ 0102030405060708:1112131415161718 [SK{IDi(FQDN carol) …}]`. `I→` is a message of
 * the original initiator, `R→` one of the responder. `inside`: the payloads that the SK payload held.
 */
export function dumpMessage(
  header: Header,
  payloads: readonly Payload[],
  inside?: readonly Payload[],
): string {
  const kind = header.response ? 'response' : 'request';
  const from = header.initiator ? 'I→' : 'R→';
  const version = header.majorVersion === 2 ? '' : ` v${header.majorVersion}.${header.minorVersion}`;
  const parts = payloads.map((p) => payloadText(p, inside)).join(' ');
  return `${nameOf(Exchange, header.exchange)} ${kind} ${header.messageId} ${from}${version} ${header.spiInitiator}:${header.spiResponder} [${parts}]`;
}

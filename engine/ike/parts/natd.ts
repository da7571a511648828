/** NAT detection (RFC 7296 §2.23): hashes of what each side believes its addresses to be. */
import type { IkeSpi } from '../../base/brand.ts';
import { concat, equalBytes, fromHex } from '../../base/bytes.ts';
import { type Endpoint, parseIp } from '../../base/ip.ts';
import type { CryptoProvider, RandomSource } from '../../crypto/port.ts';
import { findNotifies, findNotify, notify } from '../../wire/find.ts';
import type { Payload } from '../../wire/payloads/types.ts';
import { HashAlgorithm, NotifyType } from '../../wire/registry.ts';
import type { NatView, Path } from '../contract.ts';

/** SHA-1(SPIi | SPIr | address | port). */
export function natHash(
  crypto: CryptoProvider,
  spiInitiator: IkeSpi,
  spiResponder: IkeSpi,
  endpoint: Endpoint,
): Uint8Array {
  return crypto.hash(
    HashAlgorithm.SHA1,
    fromHex(spiInitiator),
    fromHex(spiResponder),
    parseIp(endpoint.address) ?? new Uint8Array(0),
    Uint8Array.of(endpoint.port >> 8, endpoint.port),
  );
}

/** Our two notifies. When forced, the source hash is random, so that the peer must see a NAT. */
export function natPayloads(
  crypto: CryptoProvider,
  random: RandomSource,
  spis: { readonly spiInitiator: IkeSpi; readonly spiResponder: IkeSpi },
  path: Path,
  forced: boolean,
): Payload[] {
  const of = (endpoint: Endpoint): Uint8Array =>
    natHash(crypto, spis.spiInitiator, spis.spiResponder, endpoint);
  return [
    notify(NotifyType.NAT_DETECTION_SOURCE_IP, forced ? random(20) : of(path.local)),
    notify(NotifyType.NAT_DETECTION_DESTINATION_IP, of(path.remote)),
  ];
}

/** What the peer's notifies say; no notifies mean no NAT traversal there, hence no NAT seen. */
export function readNat(
  crypto: CryptoProvider,
  spis: { readonly spiInitiator: IkeSpi; readonly spiResponder: IkeSpi },
  path: Path,
  payloads: readonly Payload[],
  forced: boolean,
): NatView {
  const matches = (type: number, endpoint: Endpoint): boolean => {
    const hashes = findNotifies(payloads, type);
    const ours = natHash(crypto, spis.spiInitiator, spis.spiResponder, endpoint);
    return hashes.length === 0 || hashes.some((n) => equalBytes(n.data, ours));
  };
  return {
    local: !matches(NotifyType.NAT_DETECTION_DESTINATION_IP, path.local),
    remote: !matches(NotifyType.NAT_DETECTION_SOURCE_IP, path.remote),
    forced,
  };
}

/** RFC 7427 §4: the hashes that we verify, as 16-bit numbers. */
export function hashesNotify(hashes: readonly number[]): Payload {
  return notify(NotifyType.SIGNATURE_HASH_ALGORITHMS, concat(...hashes.map((h) => Uint8Array.of(h >> 8, h))));
}

export function readHashes(payloads: readonly Payload[]): readonly number[] | undefined {
  const found = findNotify(payloads, NotifyType.SIGNATURE_HASH_ALGORITHMS);
  if (!found) return undefined;
  const hashes: number[] = [];
  for (let at = 0; at + 1 < found.data.length; at += 2)
    hashes.push(((found.data[at] as number) << 8) | (found.data[at + 1] as number));
  return hashes;
}

/** Files that hold secrets for a profile in another file: `ipsec.secrets`, or a `swanctl.conf` of secrets alone. */
import { decodeText } from './text.ts';

export type SecretsKind = 'ipsec.secrets' | 'swanctl.conf';

const IPSEC =
  /^(?:[^#"\n]{0,1000}|"[^"\n]{0,1000}"[^#"\n]{0,1000}):[ \t]*(PSK|RSA|ECDSA|PKCS8|P12|BLISS|EAP|NTLM|XAUTH|PIN)[ \t]+\S/m;
const SWANCTL = /^[ \t]*secrets[ \t\r\n]{0,80}(:[^{]{0,200})?\{/m;

/** Which kind it is, told by content; `undefined` when it is none. */
export function secretsKind(octets: Uint8Array): SecretsKind | undefined {
  const text = decodeText(octets);
  if (!text.ok || text.value.includes('-----BEGIN ')) return undefined;
  if (SWANCTL.test(text.value)) return 'swanctl.conf';
  return IPSEC.test(text.value) ? 'ipsec.secrets' : undefined;
}

/** The texts of those files that are of one kind, one after the other. */
export const secretsOf = (files: readonly Uint8Array[], kind: SecretsKind): string =>
  files
    .filter((octets) => secretsKind(octets) === kind)
    .map((octets) => {
      const text = decodeText(octets);
      return text.ok ? text.value : '';
    })
    .join('\n');

/** What foreign profiles say of EAP and of revocation, in our words. */
import { type EapMethodText, profileDocumentSchema } from '../schema.ts';
import type { Mapping } from './mapping.ts';

const PASSWORD_METHODS = ['mschapv2', 'gtc', 'md5'] as const;

/** IANA's numbers, as Windows writes them. */
const BY_NUMBER: Readonly<Record<string, string>> = {
  '4': 'md5',
  '6': 'gtc',
  '13': 'tls',
  '21': 'ttls',
  '25': 'peap',
  '26': 'mschapv2',
};

/** Whether profiles have such a setting: asked of the schema, which grows. */
const takes = (more: { readonly local?: object; readonly remote?: object }): boolean =>
  profileDocumentSchema.safeParse({ name: 'a', gateway: { hosts: 'a' }, local: { auth: {} }, ...more })
    .success;

const isMethod = (word: string): word is EapMethodText => takes({ local: { auth: { eap: word } } });

export interface EapWords {
  /** The field that names the method, and its value: `eap-mschapv2`, `eap`, `26`. */
  readonly foreign: string;
  readonly method: string;
  /** Each with the field that it is from. */
  readonly username?: readonly [foreign: string, value: string];
  readonly password?: readonly [foreign: string, value: string];
}

/** `eap-radius` and `eap-dynamic` are the gateway's; on a client they mean any method. */
function methodsOf(
  method: string,
): { readonly methods: readonly EapMethodText[]; readonly why?: string } | undefined {
  const plain = method.toLowerCase().replace(/^eap-?/, '');
  const word = Object.hasOwn(BY_NUMBER, plain) ? (BY_NUMBER[plain] as string) : plain;
  if (word === '' || word === 'dynamic' || word === 'radius')
    return { methods: PASSWORD_METHODS, why: 'whichever of these the gateway asks for' };
  return isMethod(word) ? { methods: [word] } : undefined;
}

/** Proves us by certificate, as `eap-tls` of all writers does. */
export const isEapTls = (method: string): boolean => /^(eap-?)?(tls|13)$/i.test(method);

const isTls = (methods: readonly string[]): boolean => methods.length === 1 && methods[0] === 'tls';

/** Whether the profile proves us by EAP now. What is not in the file is for the user to type when it is asked for. */
export function mapEap(mapping: Mapping, words: EapWords): boolean {
  const { foreign, method, username, password } = words;
  const found = methodsOf(method);
  if (!found) {
    mapping.unmapped(
      foreign,
      `cannot be mapped: there is no EAP method "${method.slice(0, 40)}" here`,
      'local.auth.eap',
    );
    for (const field of [username, password])
      if (field) mapping.unmapped(field[0], 'has no effect without the method', 'local.auth');
    return false;
  }
  mapping.set(foreign, 'local.auth.eap', found.methods, found.why);
  if (username) mapping.set(username[0], 'local.auth.username', username[1]);
  else if (!isTls(found.methods))
    mapping.unmapped(foreign, 'the file has no user name: give it', 'local.auth.username');
  if (password) mapping.set(password[0], 'local.auth.password', password[1]);
  return true;
}

/** Identity of the server that EAP-TLS, TTLS and PEAP talk to, when it is not the gateway. */
export function mapAaaId(mapping: Mapping, foreign: string, value: string): void {
  if (takes({ remote: { aaaId: value } })) mapping.set(foreign, 'remote.aaaId', value);
  else
    mapping.unmapped(
      foreign,
      'cannot be mapped: the AAA server must have the identity of the gateway',
      'remote.id',
    );
}

/** swanctl's and ipsec.conf's words: `strict`, `ifuri`, `relaxed`; `yes` and `no` are the older ones. */
export function mapRevocation(mapping: Mapping, foreign: string, word: string): void {
  const both = (mode: 'relaxed' | 'strict', why?: string): void =>
    mapping.set(foreign, 'remote.revocation', { crl: mode, ocsp: mode }, why);
  if (/^(strict|yes)$/.test(word)) both('strict');
  else if (/^(relaxed|no)$/.test(word)) both('relaxed');
  else if (word === 'ifuri')
    both('relaxed', 'strict only where a certificate names a source there, here never');
  else mapping.unmapped(foreign, `"${word.slice(0, 40)}" is no known word`, 'remote.revocation');
}

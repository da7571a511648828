/** What foreign profiles say of EAP and of revocation, in our words. */
import { mutual } from '../eap.ts';
import { type EapMethodText, type Phase2Text, profileDocumentSchema } from '../schema.ts';
import { type Mapping, quote } from './mapping.ts';

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

/** Whether profiles have such a method: asked of the schema, which grows. */
const isMethod = (word: string): word is EapMethodText =>
  profileDocumentSchema.safeParse({ name: 'a', gateway: { hosts: 'a' }, local: { auth: { eap: word } } })
    .success;

/** The first round, or the one behind it (RFC 4739). */
export type EapRound = 'local.auth' | 'local.auth2';

export interface EapWords {
  /** Which round the words are about; the first when left out. */
  readonly round?: EapRound;
  /** The field that names the method, and its value: `eap-mschapv2`, `eap`, `26`. */
  readonly foreign: string;
  readonly method: string;
  /** Each with the field that it is from. */
  readonly username?: readonly [foreign: string, value: string];
  readonly password?: readonly [foreign: string, value: string];
  /** What goes on in the tunnel of EAP-TTLS and PEAP, in the word of the file and in ours. */
  readonly phase2?: readonly [foreign: string, value: Phase2Text];
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

const isTunnel = (methods: readonly string[]): boolean =>
  methods.includes('ttls') || methods.includes('peap');

/** Whether the profile proves us by EAP now. What is not in the file is for the user to type when it is asked for. */
export function mapEap(mapping: Mapping, words: EapWords): boolean {
  const { round = 'local.auth', foreign, method, username, password, phase2 } = words;
  const found = methodsOf(method);
  if (!found) {
    mapping.unmapped(
      foreign,
      `cannot be mapped: there is no EAP method "${method.slice(0, 40)}" here`,
      `${round}.eap`,
    );
    for (const field of [username, password, phase2])
      if (field) mapping.unmapped(field[0], 'has no effect without the method', round);
    return false;
  }
  mapping.set(foreign, `${round}.eap`, found.methods, found.why);
  if (username) mapping.set(username[0], `${round}.username`, username[1]);
  else if (!isTls(found.methods))
    mapping.unmapped(foreign, 'the file has no user name: give it', `${round}.username`);
  if (password) mapping.set(password[0], `${round}.password`, password[1]);
  else if (round === 'local.auth2' && !isTls(found.methods))
    mapping.unmapped(
      foreign,
      'the file has no password: give it, the second round does not ask for it',
      `${round}.password`,
    );
  if (isTunnel(found.methods)) {
    if (phase2) mapping.set(phase2[0], `${round}.phase2`, phase2[1]);
    else
      mapping.unmapped(
        foreign,
        'the file does not say what goes on in the tunnel: EAP-MSCHAPv2, unless you say so',
        `${round}.phase2`,
      );
  } else if (phase2) mapping.unmapped(phase2[0], 'has no effect without a tunnel', `${round}.phase2`);
  return true;
}

/** Words of a round that may stand behind the first one, which proves us without EAP. */
export function secondRoundProblem(mapping: Mapping, method: string): string | undefined {
  if (!/^eap/i.test(method))
    return `cannot be mapped: ${quote(method)}: the second round is EAP, the first a certificate or a shared key`;
  if (isEapTls(method))
    return 'cannot be mapped: only one certificate of ours is taken from files; write the other to local.auth2';
  return mapping.get('local.auth.eap') === undefined
    ? undefined
    : 'cannot be mapped: EAP is the last round of authentication';
}

/** A gateway that is to prove itself in EAP and in nothing else (RFC 5998), where our methods make it do so. */
export function mapEapOnly(mapping: Mapping, foreign: string, word: string): void {
  const methods = (mapping.get('local.auth.eap') ?? []) as readonly EapMethodText[];
  const wanted = methodsOf(word)?.methods;
  const generic = /^eap(-(dynamic|radius))?$/i.test(word);
  if (mutual(methods) && (generic || wanted?.every((method) => methods.includes(method)) === true))
    mapping.set(foreign, 'remote.auth', 'eap');
  else
    mapping.unmapped(
      foreign,
      `${quote(word)}: cannot be mapped: the gateway must prove itself by certificate, unless local.auth.eap is "tls", "ttls" or "peap" and nothing else`,
      'remote.auth',
    );
}

/** Identity of the server that EAP-TLS, TTLS and PEAP talk to, when it is not the gateway. */
export function mapAaaId(mapping: Mapping, foreign: string, value: string): void {
  const methods = ['local.auth.eap', 'local.auth2.eap'].flatMap(
    (path) => (mapping.get(path) ?? []) as readonly EapMethodText[],
  );
  if (methods.some((method) => mutual([method]))) mapping.set(foreign, 'remote.aaaId', value);
  else
    mapping.unmapped(
      foreign,
      'has no effect: no server proves itself in these methods of EAP',
      'remote.aaaId',
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

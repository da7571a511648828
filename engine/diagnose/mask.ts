/**
 * Stable pseudonyms for what tells who somebody is: `addr-3`, `host-1`, the same wherever it stands in a bundle. What
 * is known by name goes by name; addresses, mail addresses, distinguished names and host names of unknown origin go
 * by their looks. In doubt a word is masked.
 */
import { formatIp, parseIp } from '../base/ip.ts';
import type { KnownName } from './names.ts';
import { replacePem } from './pem.ts';

type Kind = KnownName['kind'] | 'addr' | 'name' | 'link' | 'certificate';

/** They stand around a pseudonym's number until all is masked, so that no later step reads a pseudonym as a name. */
const OPEN = '\ue000';
const CLOSE = '\ue001';

const ADDRESS =
  /(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:]*(?:\d{1,3}(?:\.\d{1,3}){3})?)(?![\w])/g;
const LINK = /(?<![\w:])[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}(?![\w:])/g;
const MAIL = /[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*/gu;
const RDN =
  /(?<![\w])(CN|C|O|OU|L|ST|STREET|S|DC|D|SN|GN|G|T|I|N|ID|UID|UN|UA|E|EMAIL|EMAILADDRESS|SERIALNUMBER|POSTALCODE|DNQUALIFIER|serialNumber|emailAddress|email)=((?:\\.|[^,"\\\n+;/)])+)/g;
const URL_HOST = /\b([a-z][a-z0-9+.-]*:\/\/)([^/\s"'<>:]+)/gi;
const HOME = /((?:^|[\s"'=:])\/(?:home|Users)\/|[A-Za-z]:\\Users\\)([^/\\\s"']+)/g;
const DOTTED = /(?<![\w./\ue000-])(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.[A-Za-z]{2,}(?![\w\ue001])/g;

/** Ends of dotted words that are files, and words at both ends of the path of a profile's field. */
const FILES = /\.(?:conf|json|sock|socket|service|log|ts|js|mjs|pem|crt|key|p12|txt|so)$/i;
const FIELD_WORDS: ReadonlySet<string> = new Set(
  (
    'name gateway hosts port local id auth auth2 id2 psk certificate key passphrase chain eap username password eapId ' +
    'phase2 tls min max remote dn aaaId anchors eku revocation crl ocsp sendId ike proposals lifetime margin fuzz ' +
    'initialContact preferPss ppk secret required esp replayWindow copyDscp copyEcn children dpd delay action encapsulation keepalive ' +
    'virtualIp dns mode servers domains routes extra interface mtu fragmentation enabled size retransmission timeout ' +
    'base jitter tries killSwitch allowLocal patience allowLegacy tunnel profiles snapshot engine log'
  ).split(' '),
);

const isFieldPath = (word: string): boolean => {
  const labels = word.split('.');
  return FIELD_WORDS.has(labels[0] ?? '') && FIELD_WORDS.has(labels.at(-1) ?? '');
};

/** They say nothing about anybody: any address, this machine itself, everybody on the link. */
const isPlain = (address: Uint8Array): boolean =>
  address.every((octet) => octet === 0) ||
  (address.length === 4
    ? address[0] === 127 || (address[0] ?? 0) >= 224 || address[0] === 0
    : address[0] === 0xff || (address[15] === 1 && address.slice(0, 15).every((octet) => octet === 0)));

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/** Shorter than two characters, or words that stand for no one. */
const NOBODY: ReadonlySet<string> = new Set(['%any', '%dynamic', '*', 'localhost', 'anonymous']);

const isName = ({ text }: KnownName): boolean =>
  text.length > 1 &&
  !NOBODY.has(text.toLowerCase()) &&
  parseIp(text) === undefined &&
  !/[A-Za-z]=/.test(text);

export class Mask {
  readonly #numbers = new Map<string, number>();
  readonly #pseudonyms: string[] = [];
  readonly #counts = new Map<Kind, number>();
  readonly #kinds = new Map<string, Kind>();
  readonly #known: RegExp | undefined;

  constructor(names: readonly KnownName[]) {
    const known = names.filter(isName);
    for (const { kind, text } of known) {
      const key = text.toLowerCase();
      if (!this.#kinds.has(key)) this.#kinds.set(key, kind);
    }
    const words = [...this.#kinds.keys()].sort((a, b) => b.length - a.length).map(escaped);
    this.#known =
      words.length === 0
        ? undefined
        : new RegExp(`(?<![\\p{L}\\p{N}_\\ue000])(?:${words.join('|')})(?![\\p{L}\\p{N}_\\ue001])`, 'giu');
  }

  /** The text with pseudonyms in the place of names. */
  text(text: string): string {
    const plain = text.replace(/[\ue000\ue001]/g, '\ufffd');
    const steps: readonly ((text: string) => string)[] = [
      (t) => replacePem(t, (body) => this.#stand('certificate', body.replace(/\s+/g, ''))),
      (t) => t.replace(RDN, (_all, type: string, value: string) => this.#rdn(type, value)),
      (t) => t.replace(URL_HOST, (_all, scheme: string, host: string) => scheme + this.#word('host', host)),
      (t) => t.replace(MAIL, (mail) => this.#word('user', mail)),
      (t) => t.replace(HOME, (_all, folder: string, user: string) => folder + this.#word('user', user)),
      (t) => (this.#known ? t.replace(this.#known, (name) => this.#word('name', name)) : t),
      (t) => t.replace(LINK, (link) => this.#stand('link', link.toLowerCase())),
      (t) => t.replace(ADDRESS, (address) => this.#address(address)),
      (t) =>
        t.replace(DOTTED, (word) =>
          FILES.test(word) || isFieldPath(word) ? word : this.#word('host', word),
        ),
    ];
    return steps
      .reduce((rest, step) => step(rest), plain)
      .replace(/\ue000(\d+)\ue001/g, (_all, number: string) => this.#pseudonyms[Number(number)] ?? '');
  }

  #rdn(type: string, value: string): string {
    const name = value.trimEnd();
    return name.includes(OPEN) || name === '*'
      ? `${type}=${value}`
      : `${type}=${this.#word('name', name)}${value.slice(name.length)}`;
  }

  /** By the kind that is known of it; by its looks where none is. */
  #word(kind: Kind, text: string): string {
    if (text.includes(OPEN)) return text;
    const address = parseIp(text);
    if (address) return this.#address(text);
    const known = this.#kinds.get(text.toLowerCase());
    return this.#stand(known ?? (text.includes('@') ? 'user' : kind), text.toLowerCase());
  }

  #address(text: string): string {
    const octets = parseIp(text);
    return octets === undefined || isPlain(octets) ? text : this.#stand('addr', formatIp(octets));
  }

  #stand(kind: Kind, key: string): string {
    let number = this.#numbers.get(key);
    if (number === undefined) {
      const count = (this.#counts.get(kind) ?? 0) + 1;
      this.#counts.set(kind, count);
      number = this.#pseudonyms.push(`${kind}-${count}`) - 1;
      this.#numbers.set(key, number);
    }
    return `${OPEN}${number}${CLOSE}`;
  }
}

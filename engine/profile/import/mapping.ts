/**
 * The result of importing a foreign profile, and the collector that its readers write to: every foreign field ends
 * up in the report as taken, changed, or not mapped, with the field of ours that it concerns.
 */
import { utf8 } from '../../base/bytes.ts';
import { NAME_PATTERN } from '../../base/name.ts';
import { type ProposalProtocol, parseProposals } from '../../crypto/proposals.ts';
import type { SealedSecrets } from '../export/own-format.ts';
import { printBase64 } from '../psk.ts';
import type { ProfileDocument } from '../schema.ts';

export type MappingKind =
  | 'taken'
  /** Taken with another value, or in another way. */
  | 'changed'
  /** Has no effect here; `why` says whether that is for now or for good. */
  | 'unmapped';

export interface MappingLine {
  readonly kind: MappingKind;
  /** The field in the file, in the file's own words. Never a secret's value. */
  readonly foreign: string;
  /** The field of ours, such as `remote.id`; absent where there is none. */
  readonly ours?: string;
  readonly why?: string;
}

/** A PKCS#12 file, certificate or key inside the profile: for `pki` to open, and then for the field `ours`. */
export interface EmbeddedBundle {
  readonly octets: Uint8Array;
  readonly foreign: string;
  readonly ours: 'local.auth' | 'remote.anchors';
  /** Where the file carries it as well. */
  readonly passphrase?: string;
}

/** A file beside the profile that no field of ours can name, such as the PKCS#12 of swanctl's secrets. */
export interface NamedFile {
  readonly path: string;
  readonly ours: 'local.auth' | 'remote.anchors';
  readonly passphrase?: string;
}

export interface ImportedProfile {
  /** As far as the file goes: credentials may still be missing, and files may be named by path. */
  readonly document: ProfileDocument;
  readonly bundles: readonly EmbeddedBundle[];
  readonly files: readonly NamedFile[];
  readonly report: readonly MappingLine[];
  /** Of our own format: for `openOwnFormat`. */
  readonly sealed?: SealedSecrets;
}

const MAX_LINES = 1000;
const MAX_QUOTE = 80;

/** A pre-shared key that is text to its author, also where `0x` or `0s` would mean something else here. */
export const literalPsk = (text: string): string =>
  /^0[xs]/i.test(text) ? `0s${printBase64(utf8(text))}` : text;

type Draft = Record<string, unknown>;

/** A value from the file in a sentence: short, on one line. */
export const quote = (value: string): string => {
  const line = value.replaceAll(/\s+/g, ' ');
  return `"${line.length > MAX_QUOTE ? `${line.slice(0, MAX_QUOTE)}…` : line}"`;
};

export const NO_COMMANDS = 'is never mapped: nothing in a profile runs a command';

export class Mapping {
  readonly #draft: Draft = { name: 'imported', gateway: { hosts: [] }, local: { auth: {} } };
  readonly #bundles: EmbeddedBundle[] = [];
  readonly #files: NamedFile[] = [];
  readonly #report: MappingLine[] = [];

  /** Sets a field of ours; with `why` it is reported as changed. */
  set(foreign: string, path: string | readonly string[], value: unknown, why?: string): void {
    const keys = typeof path === 'string' ? path.split('.') : path;
    let at = this.#draft;
    for (const key of keys.slice(0, -1)) {
      const inner = Object.hasOwn(at, key) ? at[key] : undefined;
      at = (typeof inner === 'object' && inner !== null ? inner : define(at, key, {})) as Draft;
    }
    define(at, keys[keys.length - 1] as string, value);
    this.#line({
      kind: why === undefined ? 'taken' : 'changed',
      foreign,
      ours: keys.join('.'),
      ...(why === undefined ? {} : { why }),
    });
  }

  get(path: string): unknown {
    let at: unknown = this.#draft;
    for (const key of path.split('.'))
      at = typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? (at as Draft)[key] : undefined;
    return at;
  }

  unmapped(foreign: string, why: string, ours?: string): void {
    this.#line({ kind: 'unmapped', foreign, why, ...(ours === undefined ? {} : { ours }) });
  }

  /** A field whose value asks for what is always so here. */
  same(foreign: string, ours: string): void {
    this.#line({ kind: 'taken', foreign, ours, why: 'is always so here' });
  }

  bundle(one: EmbeddedBundle): void {
    this.#bundles.push(one);
    this.#line({ kind: 'taken', foreign: one.foreign, ours: one.ours, why: 'embedded; to be opened' });
  }

  /** A file that goes with the profile, to be imported beside it. */
  file(foreign: string, one: NamedFile): void {
    this.#files.push(one);
    const why = `from the file ${quote(one.path)}, imported beside this one`;
    this.#line({ kind: 'changed', foreign, ours: one.ours, why });
  }

  /** A name for people becomes one that is safe as a file name. */
  name(foreign: string, text: string): void {
    const plain = text
      .normalize('NFKD')
      .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
      .replaceAll(/^[-.]+|[-.]+$/g, '')
      .slice(0, 64);
    const name = NAME_PATTERN.test(plain) ? plain : 'imported';
    this.set(foreign, 'name', name, name === text ? undefined : 'names have letters, digits, . _ - only');
  }

  /** Proposals in strongSwan's notation, those that can be served. */
  proposals(
    foreign: string,
    path: string | readonly string[],
    texts: readonly string[],
    protocol: ProposalProtocol,
  ): void {
    const wanted = texts.map((text) => text.trim()).filter((text) => text !== '');
    const lost: string[] = [];
    const kept = wanted.filter((text) => {
      if (text === 'default') return false;
      const parsed = parseProposals(text, protocol);
      if (!parsed.ok) lost.push(`${quote(text)}: ${parsed.error.token} ${parsed.error.reason}`);
      return parsed.ok;
    });
    const ours = typeof path === 'string' ? path : path.join('.');
    if (kept.length > 0) {
      const left = wanted.length - kept.length;
      this.set(
        foreign,
        path,
        kept,
        left === 0 ? undefined : `without ${lost.join('; ') || 'the default of its author'}`,
      );
    } else if (lost.length > 0)
      this.unmapped(foreign, `the default is offered instead, as ${lost.join('; ')}`, ours);
    else if (wanted.length > 0) this.unmapped(foreign, 'the default of Culvert is offered', ours);
  }

  result(): ImportedProfile {
    return {
      document: this.#draft as unknown as ProfileDocument,
      bundles: this.#bundles,
      files: this.#files,
      report: this.#report,
    };
  }

  #line(line: MappingLine): void {
    if (this.#report.length < MAX_LINES) this.#report.push({ ...line, foreign: line.foreign.slice(0, 200) });
  }
}

/** As assignment does, but a key from a file such as `__proto__` stays a plain key. */
function define(target: Draft, key: string, value: unknown): unknown {
  Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
  return value;
}

/** A foreign table of texts that remembers which of its fields somebody asked for. */
export class Fields {
  readonly #values: ReadonlyMap<string, string>;
  readonly #prefix: string;
  readonly #seen = new Set<string>();

  /** @param prefix goes before every field's name in reports */
  constructor(values: ReadonlyMap<string, string>, prefix: string) {
    this.#values = values;
    this.#prefix = prefix;
  }

  /** How the report calls a field. */
  at(key: string): string {
    return `${this.#prefix}${key}`;
  }

  /** The value of a field, which counts as seen; empty ones count as absent. */
  take(key: string): string | undefined {
    this.#seen.add(key);
    const value = this.#values.get(key)?.trim();
    return value === '' ? undefined : value;
  }

  /** Items between commas or semicolons. */
  list(key: string): string[] {
    return (this.take(key) ?? '')
      .split(/[,;]/)
      .map((item) => item.trim())
      .filter((item) => item !== '');
  }

  /** Fields that mean nothing to a client or nothing here, each with its reason where it is set and was not seen. */
  pass(mapping: Mapping, reasons: Readonly<Record<string, string>>): void {
    for (const [key, why] of Object.entries(reasons))
      if (!this.#seen.has(key) && this.take(key) !== undefined) mapping.unmapped(this.at(key), why);
  }

  /** Reports what nobody asked for. */
  rest(mapping: Mapping): void {
    for (const [key, value] of this.#values)
      if (!this.#seen.has(key) && value.trim() !== '')
        mapping.unmapped(this.at(key), 'is not known here and has no effect');
  }
}

/**
 * Secrets as files under `STATE/secrets`: one file a set, each secret sealed by itself, and `key.json` with the key,
 * sealed by a keeper. What cannot be opened is an error that says so: nothing falls back to plain text, and a key is
 * never made anew where records wait for the old one.
 */
import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { equalConstantTime, fromUtf8, utf8, wipe } from '../../base/bytes.ts';
import { NAME_PATTERN } from '../../base/name.ts';
import { isMissing, writeWhole } from '../whole-file.ts';
import { ownFolder, readOwned } from './owned-file.ts';
import { type KeyKeeper, SecretsError, type SecretsStore } from './port.ts';
import { KEY_OCTETS, open, seal } from './seal.ts';

const VERSION = 1;
const KEY_FILE = 'key.json';
/** `.new` is what a crash left of a write. */
const SET = /^(.{1,64})~([0-9a-f]{32})\.json(\.new)?$/;
/** A private key with its chain stays far below. */
const MAX_SECRET = 512 * 1024;
const MAX_FIELDS = 32;
const MAX_FILE = 4 * 1024 * 1024;
const MAX_KEY_FILE = 64 * 1024;

const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64');
const octetsOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));
const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function parse(path: string, text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'version' in value && value.version === VERSION)
      return value as Readonly<Record<string, unknown>>;
  } catch {
    // Said below, without the text.
  }
  throw new SecretsError('unavailable', `${path} cannot be read: it is damaged, or of another version`);
}

export interface FileSecretsOptions {
  readonly stateFolder: string;
  /** Most wanted first; the first that works makes a new key, and all of them open old ones. */
  readonly keepers: readonly KeyKeeper[];
  /** Hears each keeper that does not work when a key is made. */
  readonly passedOver?: (reason: string) => void;
}

export class FileSecrets implements SecretsStore {
  readonly #options: FileSecretsOptions;
  readonly #folder: string;
  #opened: Promise<Uint8Array> | undefined;
  protection: string | undefined;

  constructor(options: FileSecretsOptions) {
    this.#options = options;
    this.#folder = join(options.stateFolder, 'secrets');
  }

  async put(profile: string, secrets: Readonly<Record<string, string>>): Promise<string> {
    const entries = Object.entries(secrets);
    if (entries.length > MAX_FIELDS) throw new RangeError('too many secrets');
    const key = await this.#key(profile);
    const set = randomBytes(16).toString('hex');
    const records: Record<string, string> = {};
    for (const [field, secret] of entries) {
      const plain = utf8(secret);
      if (plain.length > MAX_SECRET)
        throw new SecretsError(
          'unavailable',
          `${field} of profile ${profile} has more than ${MAX_SECRET} octets`,
          profile,
          field,
        );
      records[field] = base64(seal(key, { profile, set, field }, plain));
      wipe(plain);
    }
    await writeWhole(this.#path(profile, set), `${JSON.stringify({ version: VERSION, records })}\n`);
    return set;
  }

  async get(
    profile: string,
    set: string,
    fields: readonly string[],
  ): Promise<Readonly<Record<string, string>>> {
    const [first] = fields;
    const key = await this.#key(profile);
    const path = this.#path(profile, set);
    let text: string;
    try {
      text = await readOwned(path, MAX_FILE);
    } catch (error) {
      if (error instanceof SecretsError) throw this.#named(error, profile, first);
      if (isMissing(error)) throw this.#damaged('is not in the secrets store', profile, first);
      throw new SecretsError('unavailable', `${path} cannot be read: ${reason(error)}`, profile, first);
    }
    let records: unknown;
    try {
      records = parse(path, text).records;
    } catch {
      throw this.#damaged('cannot be read from the secrets store, whose file is damaged', profile, first);
    }
    const found: Record<string, string> = {};
    for (const field of fields) {
      const record =
        typeof records === 'object' && records !== null && Object.hasOwn(records, field)
          ? (records as Record<string, unknown>)[field]
          : undefined;
      if (typeof record !== 'string') throw this.#damaged('is not in the secrets store', profile, field);
      const plain = open(key, { profile, set, field }, octetsOf(record));
      if (!plain) throw this.#damaged('was changed in the secrets store and is not used', profile, field);
      found[field] = fromUtf8(plain);
      wipe(plain);
    }
    return found;
  }

  async prune(profile: string, keep?: string): Promise<void> {
    for (const { name, set, file } of await this.#sets())
      if (name === profile && (set !== keep || file.endsWith('.new')))
        await rm(join(this.#folder, file), { force: true });
  }

  async profiles(): Promise<readonly string[]> {
    return [...new Set((await this.#sets()).map(({ name }) => name))];
  }

  async #sets(): Promise<{ readonly name: string; readonly set: string; readonly file: string }[]> {
    const files = await readdir(this.#folder).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    });
    return files.flatMap((file) => {
      const [, name, set] = SET.exec(file) ?? [];
      return name !== undefined && set !== undefined ? [{ name, set, file }] : [];
    });
  }

  #path(profile: string, set: string): string {
    const file = `${profile}~${set}.json`;
    if (!NAME_PATTERN.test(profile) || !SET.test(file)) throw new RangeError('not a name of a set');
    return join(this.#folder, file);
  }

  /** The key, opened once. A failure is tried again at the next call. */
  async #key(profile: string): Promise<Uint8Array> {
    this.#opened ??= this.#openKey();
    try {
      return await this.#opened;
    } catch (error) {
      this.#opened = undefined;
      if (error instanceof SecretsError) throw this.#named(error, profile, undefined);
      throw new SecretsError('unavailable', `the secrets store: ${reason(error)}`, profile);
    }
  }

  async #openKey(): Promise<Uint8Array> {
    await ownFolder(this.#folder);
    const path = join(this.#folder, KEY_FILE);
    let text: string;
    try {
      text = await readOwned(path, MAX_KEY_FILE);
    } catch (error) {
      if (!isMissing(error)) throw error;
      return await this.#makeKey(path);
    }
    const { kind, sealed } = parse(path, text);
    const keeper = this.#options.keepers.find((one) => one.kind === kind);
    if (!keeper || typeof sealed !== 'string')
      throw new SecretsError(
        'unavailable',
        `${path}: nothing here opens a key of the kind "${String(kind)}"`,
      );
    const key = await keeper.unseal(octetsOf(sealed));
    if (key.length !== KEY_OCTETS)
      throw new SecretsError('unavailable', `${path} does not hold a key of ${KEY_OCTETS} octets`);
    this.protection = keeper.protection;
    return key;
  }

  async #makeKey(path: string): Promise<Uint8Array> {
    if ((await this.#sets()).length > 0)
      throw new SecretsError(
        'unavailable',
        `${path} is missing, and without it no stored secret can be read`,
      );
    const key = new Uint8Array(randomBytes(KEY_OCTETS));
    for (const keeper of this.#options.keepers) {
      try {
        const sealed = await keeper.seal(key);
        const again = await keeper.unseal(sealed);
        if (!equalConstantTime(again, key))
          throw new SecretsError('unavailable', `${keeper.kind} does not give back what it sealed`);
        wipe(again);
        const file = { version: VERSION, kind: keeper.kind, sealed: base64(sealed) };
        await writeWhole(path, `${JSON.stringify(file)}\n`);
        this.protection = keeper.protection;
        return key;
      } catch (error) {
        if (!(error instanceof SecretsError)) throw error;
        this.#options.passedOver?.(error.message);
      }
    }
    throw new SecretsError('unavailable', 'nothing on this system can keep the key of the secrets store');
  }

  #damaged(what: string, profile: string, field: string | undefined): SecretsError {
    const subject = `${field ?? 'a secret'} of profile ${profile}`;
    return new SecretsError('damaged', `${subject} ${what}; set it anew`, profile, field);
  }

  #named(error: SecretsError, profile: string, field: string | undefined): SecretsError {
    const subject = `${field ?? 'a secret'} of profile ${profile}`;
    return new SecretsError(error.code, `${subject}: ${error.message}`, profile, error.field ?? field);
  }
}

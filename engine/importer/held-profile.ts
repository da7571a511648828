/** One profile of a draft, its secrets kept apart as octets that can be zeroed. */
import { fromUtf8, utf8, wipe } from '../base/bytes.ts';
import { Secret } from '../base/secret.ts';
import { passphraseCipher } from '../os/crypto/passphrase-cipher.ts';
import { openOwnFormat, type SealedSecrets } from '../profile/export/own-format.ts';
import type { ProfileFormat } from '../profile/import/import-profile.ts';
import type { MappingLine, NamedFile } from '../profile/import/mapping.ts';
import { isPem } from '../profile/inline.ts';
import { joinSecrets, splitSecrets } from '../profile/redact.ts';
import type { ProfileDocument } from '../profile/schema.ts';
import type { FoundProfile } from './classify.ts';

/** The last part of a path of any system, as names are compared. */
export const baseName = (path: string): string => (path.split(/[\\/]/).at(-1) ?? '').toLowerCase();

const isPath = (text: string | undefined): text is string => text !== undefined && !isPem(text);

export class HeldProfile {
  readonly file: string;
  readonly format: ProfileFormat;
  readonly files: readonly NamedFile[];
  #report: readonly MappingLine[];
  #document: Record<string, unknown>;
  #secrets: Map<string, Secret>;
  #sealed: SealedSecrets | undefined;

  constructor({ file, format, profile }: FoundProfile) {
    this.file = file;
    this.format = format;
    this.files = profile.files;
    this.#report = profile.report;
    this.#sealed = profile.sealed;
    [this.#document, this.#secrets] = apart(profile.document);
  }

  get report(): readonly MappingLine[] {
    return this.#report;
  }

  get locked(): boolean {
    return this.#sealed !== undefined;
  }

  /** Whether the passphrase opened the secrets of a profile of our own format. */
  async unlock(passphrase: string): Promise<boolean> {
    const sealed = this.#sealed;
    if (!sealed) return false;
    const opened = await openOwnFormat({ document: this.document, sealed }, passphrase, passphraseCipher);
    if (!opened.ok || this.#sealed === undefined) return false;
    [this.#document, this.#secrets] = apart(opened.value);
    this.#sealed = undefined;
    this.#report = this.#report.map((line) =>
      line.foreign === 'secrets' ? { kind: 'taken', foreign: 'secrets', ours: 'local.auth' } : line,
    );
    return true;
  }

  /** The whole document, secrets and all. */
  get document(): ProfileDocument {
    const secrets = Object.fromEntries(
      [...this.#secrets].map(([path, secret]) => [path, fromUtf8(secret.expose())]),
    );
    return joinSecrets({ document: this.#document, secrets }) as unknown as ProfileDocument;
  }

  /** Passphrases that the profile itself gives for a file of that name. */
  passphrasesFor(name: string): readonly string[] {
    const { auth } = this.document.local;
    const named = this.files.filter(({ path }) => baseName(path) === baseName(name));
    const found = named.flatMap(({ passphrase }) => passphrase ?? []);
    const own = [auth.certificate, auth.key].filter(isPath).some((path) => baseName(path) === baseName(name));
    return own && auth.passphrase !== undefined ? [...found, auth.passphrase] : found;
  }

  wipe(): void {
    for (const secret of this.#secrets.values()) secret.wipe();
    this.#secrets.clear();
    this.#sealed = undefined;
  }
}

function apart(document: ProfileDocument): [Record<string, unknown>, Map<string, Secret>] {
  const { document: rest, secrets } = splitSecrets({ ...document });
  const kept = Object.entries(secrets).map(([path, text]): [string, Secret] => {
    const octets = utf8(text);
    const secret = new Secret(octets);
    wipe(octets);
    return [path, secret];
  });
  return [rest, new Map(kept)];
}

/** Where profiles are kept: documents with their secrets, by name. Implemented in `os/profiles/`. */

export interface StoredProfile {
  readonly name: string;
  readonly document: Readonly<Record<string, unknown>>;
  /** Wall clock, milliseconds since 1970. */
  readonly savedAt: number;
}

export interface UnreadableProfile {
  readonly name: string;
  readonly problem: string;
  /** When it is its secrets that cannot be read. */
  readonly code?: 'SECRETS_UNAVAILABLE';
}

export interface ProfileStorage {
  /** In order of name. One damaged file does not hide the others. */
  list(): Promise<readonly (StoredProfile | UnreadableProfile)[]>;
  /** `undefined` when there is none of that name. */
  get(name: string): Promise<StoredProfile | UnreadableProfile | undefined>;
  /** Writes all or nothing. */
  put(name: string, document: Readonly<Record<string, unknown>>): Promise<void>;
  /** False when there was none. */
  remove(name: string): Promise<boolean>;
}

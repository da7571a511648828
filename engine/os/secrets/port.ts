/**
 * Where the secrets of stored profiles are kept. The secrets that belong to one version of a profile are a set with
 * a number of its own, so that the profile's file, which names the set, decides in one rename which of them counts.
 */

export type SecretsErrorCode =
  /** The store, or what opens it, cannot be used. */
  | 'unavailable'
  /** A record is not there, or is not what was written for this profile and field. */
  | 'damaged';

/** Never holds a secret. */
export class SecretsError extends Error {
  readonly code: SecretsErrorCode;
  readonly profile: string | undefined;
  readonly field: string | undefined;

  constructor(code: SecretsErrorCode, message: string, profile?: string, field?: string) {
    super(message);
    this.name = 'SecretsError';
    this.code = code;
    this.profile = profile;
    this.field = field;
  }
}

export interface SecretsStore {
  /** What protects what is stored, in a sentence; `undefined` before the store was opened for the first time. */
  readonly protection: string | undefined;
  /** Keeps a set of secrets by the path of their field and gives its number. On the disk when it resolves. @throws SecretsError */
  put(profile: string, secrets: Readonly<Record<string, string>>): Promise<string>;
  /** The secrets of these fields: all of them or none. @throws SecretsError naming profile and field */
  get(profile: string, set: string, fields: readonly string[]): Promise<Readonly<Record<string, string>>>;
  /** Forgets every set of the profile, apart from `keep`. */
  prune(profile: string, keep?: string): Promise<void>;
  /** Names of profiles of which there are sets. */
  profiles(): Promise<readonly string[]>;
}

/** What keeps the key of the store: sealed by the system, or in the system's own store. */
export interface KeyKeeper {
  /** Written beside the sealed key, so that it is opened by what sealed it. */
  readonly kind: string;
  /** For people, without the full stop. */
  readonly protection: string;
  /** @throws SecretsError `unavailable` when the system cannot do it */
  seal(key: Uint8Array): Promise<Uint8Array>;
  /** @throws SecretsError `unavailable` */
  unseal(sealed: Uint8Array): Promise<Uint8Array>;
}

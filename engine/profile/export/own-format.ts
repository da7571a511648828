/**
 * Our own format for handing profiles on: JSON with the profile, and its secrets left out or sealed with a
 * passphrase. The seal covers the profile too, so that nobody can point the secrets at another gateway.
 */
import { fromUtf8, utf8, wipe } from '../../base/bytes.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { isRecord } from '../inline.ts';
import { joinSecrets, splitSecrets } from '../redact.ts';
import { type ProfileDocument, profileDocumentSchema } from '../schema.ts';

export const OWN_FORMAT = 'culvert-profile';
const VERSION = 1;
const KNOWN = ['format', 'version', 'profile', 'secrets'];

/** Sealed octets with all that opening them takes but the passphrase; octets in Base64. */
export interface SealedSecrets {
  readonly kdf: 'scrypt';
  readonly N: number;
  readonly r: number;
  readonly p: number;
  readonly salt: string;
  readonly cipher: 'aes-256-gcm';
  readonly nonce: string;
  /** Ciphertext, then the tag. */
  readonly data: string;
}

/** Implemented in `os/crypto/passphrase-cipher.ts`. */
export interface PassphraseCipher {
  seal(plain: Uint8Array, passphrase: string, associated: Uint8Array): Promise<SealedSecrets>;
  /** A wrong passphrase and a changed file look alike. */
  open(
    sealed: SealedSecrets,
    passphrase: string,
    associated: Uint8Array,
  ): Promise<Result<Uint8Array, string>>;
}

export interface OwnProfile {
  /** Without secrets. */
  readonly document: ProfileDocument;
  readonly sealed: SealedSecrets | undefined;
}

/** Both ends must see the keys in one order, whoever wrote or validated the file in between. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (!isRecord(value)) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, ordered(inner)]);
}

const associatedOf = (document: unknown): Uint8Array =>
  utf8(`${OWN_FORMAT} ${VERSION} ${JSON.stringify(ordered(document))}`);

function print(document: Record<string, unknown>, sealed: SealedSecrets | undefined): string {
  const file = {
    format: OWN_FORMAT,
    version: VERSION,
    profile: document,
    ...(sealed ? { secrets: sealed } : {}),
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

/** What JSON makes of a document. */
const settled = (document: ProfileDocument): Record<string, unknown> => {
  const value: unknown = JSON.parse(JSON.stringify(document));
  return isRecord(value) ? value : {};
};

/** Without any secret. */
export const exportWithoutSecrets = (document: ProfileDocument): string =>
  print(splitSecrets(settled(document)).document, undefined);

/** With its secrets under a passphrase. A document without secrets has nothing to seal. */
export async function exportSealed(
  document: ProfileDocument,
  passphrase: string,
  cipher: PassphraseCipher,
): Promise<Result<string, string>> {
  if (passphrase === '') return err('an empty passphrase seals nothing');
  const { document: rest, secrets } = splitSecrets(settled(document));
  if (Object.keys(secrets).length === 0) return ok(print(rest, undefined));
  const plain = utf8(JSON.stringify(secrets));
  const sealed = await cipher.seal(plain, passphrase, associatedOf(rest));
  wipe(plain);
  return ok(print(rest, sealed));
}

export const isOwnFormat = (value: unknown): value is Record<string, unknown> =>
  isRecord(value) && value.format === OWN_FORMAT;

const text = (value: unknown): value is string => typeof value === 'string' && value.length <= 1_000_000;
const count = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0;

function readSealed(value: unknown): SealedSecrets | undefined {
  if (!isRecord(value)) return undefined;
  const { kdf, N, r, p, salt, cipher, nonce, data } = value;
  if (kdf !== 'scrypt' || cipher !== 'aes-256-gcm') return undefined;
  if (!count(N) || !count(r) || !count(p) || !text(salt) || !text(nonce) || !text(data)) return undefined;
  return { kdf, N, r, p, salt, cipher, nonce, data };
}

/** Reads a file of ours that was parsed as JSON. */
export function readOwnFormat(value: Record<string, unknown>): Result<OwnProfile, string> {
  if (value.version !== VERSION)
    return err(`has version ${String(value.version).slice(0, 20)}, which is not known here`);
  const strange = Object.keys(value).find((key) => !KNOWN.includes(key));
  if (strange !== undefined) return err(`has an unknown key "${strange.slice(0, 40)}"`);
  const parsed = profileDocumentSchema.safeParse(value.profile);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return err(`is no profile: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trimEnd());
  }
  const sealed = value.secrets === undefined ? undefined : readSealed(value.secrets);
  if (value.secrets !== undefined && !sealed) return err('has secrets that are sealed in an unknown way');
  return ok({ document: parsed.data, sealed });
}

/** The document with its secrets back in place; the error is a sentence that goes on after the file's name. */
export async function openOwnFormat(
  { document, sealed }: OwnProfile,
  passphrase: string,
  cipher: PassphraseCipher,
): Promise<Result<ProfileDocument, string>> {
  if (!sealed) return ok(document);
  const rest = settled(document);
  const plain = await cipher.open(sealed, passphrase, associatedOf(rest));
  if (!plain.ok) return plain;
  try {
    const secrets: unknown = JSON.parse(fromUtf8(plain.value));
    if (!isRecord(secrets)) return err('holds no secrets');
    const texts = Object.fromEntries(
      Object.entries(secrets).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
    const parsed = profileDocumentSchema.safeParse(joinSecrets({ document: rest, secrets: texts }));
    return parsed.success ? ok(parsed.data) : err('holds secrets that do not fit the profile');
  } catch {
    return err('holds no secrets');
  } finally {
    wipe(plain.value);
  }
}

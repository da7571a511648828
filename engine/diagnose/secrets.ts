/**
 * The last guard of a bundle. No part of it should have a secret in the first place; should one have slipped into a
 * text all the same, it is struck out here, in clear, as hex and as Base64.
 */
import { toHex, utf8 } from '../base/bytes.ts';
import { parseBase64, parsePsk, printBase64 } from '../profile/psk.ts';
import { REDACTED, splitSecrets } from '../profile/redact.ts';

const PRIVATE_KEY = /-----BEGIN ([A-Z0-9 ]{0,30}PRIVATE KEY)-----[\s\S]*?(?:-----END \1-----|$)/g;

/** Shorter ones would be found in unrelated words, and striking those would tell what the secret is. */
const LEAST = 8;

const octetsOf = (secret: string): readonly Uint8Array[] => {
  const read = parsePsk(secret);
  const written = utf8(secret);
  if (!read.ok) return [written];
  const { secret: octets } = read.value;
  const copy = octets.expose().slice();
  octets.wipe();
  return [written, copy];
};

/** A PEM block without its armour: as written, in one line, and each line. */
const pemBodies = (secret: string): readonly string[] =>
  [...secret.matchAll(/-----BEGIN [^-]+-----([^-]+)-----END/g)].flatMap(([, body = '']) => [
    body.trim(),
    body.replace(/\s+/g, ''),
    ...body.split('\n').map((line) => line.trim()),
  ]);

/** Hex of the DER of such a block. */
const derOf = (body: string): readonly string[] => {
  const der = parseBase64(body);
  return der ? [toHex(der), toHex(der).toUpperCase()] : [];
};

const encodings = (octets: Uint8Array): readonly string[] => {
  const hex = toHex(octets);
  return [hex, hex.toUpperCase(), printBase64(octets).replace(/=+$/, '')];
};

const formsOf = (secret: string): readonly string[] => {
  const bodies = pemBodies(secret);
  const texts = [secret, ...bodies];
  return [...texts, ...bodies.flatMap(derOf), ...texts.flatMap(octetsOf).flatMap(encodings)];
};

/**
 * Strikes out the secrets of `documents`. One that is an ordinary word of a profile too, such as a password that
 * is the user's name, stays: striking the word would tell that it is the password.
 * @param ordinary the same documents without their secrets
 */
export function strikeOut(
  documents: readonly Readonly<Record<string, unknown>>[],
  ordinary: string,
): (text: string) => string {
  const secrets = documents.flatMap((document) => Object.values(splitSecrets(document).secrets));
  const forms = [...new Set(secrets.flatMap(formsOf))]
    .filter((form) => form.length >= LEAST && !ordinary.includes(form))
    .sort((a, b) => b.length - a.length);
  return (text) =>
    forms.reduce(
      (rest, form) => (rest.includes(form) ? rest.replaceAll(form, REDACTED) : rest),
      text.replace(PRIVATE_KEY, REDACTED),
    );
}

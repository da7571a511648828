/** A certificate with its private key in a profile, for AUTH or for EAP-TLS. */
import { type Findings, secretText } from './fields.ts';
import { isPem } from './inline.ts';
import type { ProfileKeyPair } from './profile.ts';
import type { LocalAuthDocument } from './schema.ts';

export function pem(found: Findings, path: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (isPem(text)) return text;
  found.problem(path, 'is neither PEM text nor a file that was read');
  return undefined;
}

export function pemList(
  found: Findings,
  path: string,
  value: string | readonly string[] | undefined,
): string[] {
  const list = typeof value === 'string' ? [value] : (value ?? []);
  return list.flatMap(
    (text, i) => pem(found, typeof value === 'string' ? path : `${path}[${i}]`, text) ?? [],
  );
}

/** @param path of the object that holds them: `local.auth` */
export function keyPair(found: Findings, path: string, auth: LocalAuthDocument): ProfileKeyPair | undefined {
  if (auth.key === undefined)
    found.problem(`${path}.key`, 'is missing: the certificate needs its private key');
  if (auth.certificate === undefined)
    found.problem(`${path}.certificate`, 'is missing: the key needs its certificate');
  const certificate = pem(found, `${path}.certificate`, auth.certificate);
  const key = pem(found, `${path}.key`, auth.key);
  const chain = pemList(found, `${path}.chain`, auth.chain);
  if (certificate === undefined || key === undefined) return undefined;
  const passphrase = auth.passphrase === undefined ? undefined : secretText(auth.passphrase);
  return { certificate, key: secretText(key), passphrase, chain };
}

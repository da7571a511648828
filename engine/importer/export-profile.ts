/** A stored profile as a file to hand on. Secrets go along under a passphrase, or not at all. */
import { randomUUID } from 'node:crypto';
import type { ProfileDocumentJson } from '../api/commands.ts';
import { ApiError, localFailure } from '../api/failure.ts';
import type { ExportParams, ExportResult } from '../api/import.ts';
import { utf8 } from '../base/bytes.ts';
import type { Result } from '../base/result.ts';
import { passphraseCipher } from '../os/crypto/passphrase-cipher.ts';
import { chooseLeaf } from '../pki/authorities.ts';
import { PkiError } from '../pki/error.ts';
import { loadBundle } from '../pki/load.ts';
import { type Pkcs12Strength, sealPkcs12 } from '../pki/pkcs12-write.ts';
import { exportMobileconfig } from '../profile/export/mobileconfig.ts';
import { exportSealed, exportWithoutSecrets } from '../profile/export/own-format.ts';
import type { ExportedFile } from '../profile/export/report.ts';
import { exportSswan } from '../profile/export/sswan.ts';
import { exportGateway } from '../profile/export/swanctl-gateway.ts';
import type { MappingLine } from '../profile/import/mapping.ts';
import { splitSecrets } from '../profile/redact.ts';
import { type ProfileDocument, profileDocumentSchema } from '../profile/schema.ts';

const invalid = (message: string): ApiError => new ApiError(localFailure('PROFILE_INVALID', message));

function taken(name: string, result: Result<ExportedFile, string>): ExportedFile {
  if (!result.ok) throw invalid(`the profile ${name} ${result.error}`);
  return result.value;
}

/** Certificate, key and chain under the passphrase; `undefined` without either. */
function pkcs12(
  { name, local: { auth } }: ProfileDocument,
  passphrase: string | undefined,
  strength: Pkcs12Strength,
): { pkcs12?: Uint8Array } {
  if (passphrase === undefined || auth.certificate === undefined || auth.key === undefined) return {};
  const chain = typeof auth.chain === 'string' ? [auth.chain] : (auth.chain ?? []);
  try {
    const { certificates } = loadBundle([auth.certificate, ...chain].join('\n'));
    const { keys } = loadBundle(
      auth.key,
      auth.passphrase === undefined ? {} : { passphrase: auth.passphrase },
    );
    const own = chooseLeaf({ certificates, keys }, []);
    if (!own) throw invalid(`the key of the profile ${name} does not belong to its certificate`);
    const { leaf: certificate, key } = own;
    return {
      pkcs12: sealPkcs12({ certificate, key, chain: own.chain.slice(1), name }, passphrase, strength),
    };
  } catch (cause) {
    if (cause instanceof PkiError) throw invalid(`the certificate of the profile ${name}: ${cause.message}`);
    throw cause;
  }
}

async function ownFormat(document: ProfileDocument, passphrase: string | undefined): Promise<ExportedFile> {
  const { secrets } = splitSecrets({ ...document });
  const report: MappingLine[] = Object.keys(document).map((key) => ({
    kind: 'taken',
    foreign: `profile.${key}`,
    ours: key,
  }));
  for (const path of Object.keys(secrets))
    report.push(
      passphrase === undefined
        ? { kind: 'unmapped', foreign: '', ours: path, why: 'secrets are left out without a passphrase' }
        : { kind: 'changed', foreign: 'secrets', ours: path, why: 'sealed with the passphrase' },
    );
  if (passphrase === undefined) return { text: exportWithoutSecrets(document), report };
  const sealed = await exportSealed(document, passphrase, passphraseCipher);
  if (!sealed.ok) throw invalid(sealed.error);
  return { text: sealed.value, report };
}

/** @throws ApiError `PROFILE_INVALID` when the format cannot say what the profile does */
export async function exportProfile(
  stored: ProfileDocumentJson,
  { name, format, passphrase }: ExportParams,
): Promise<ExportResult> {
  const parsed = profileDocumentSchema.safeParse(stored);
  if (!parsed.success) throw invalid(`the stored profile ${name} cannot be read`);
  const document = parsed.data;
  const written = await (async (): Promise<{ file: ExportedFile; ending: string }> => {
    switch (format) {
      case 'culvert':
        return { file: await ownFormat(document, passphrase), ending: 'culvert.json' };
      case 'sswan': {
        const extras = { uuid: randomUUID(), ...pkcs12(document, passphrase, 'modern') };
        return { file: taken(name, exportSswan(document, extras)), ending: 'sswan' };
      }
      case 'mobileconfig': {
        // Neither a key nor a password can be sealed in this format but the PKCS#12.
        const extras = { uuid: randomUUID, withSecrets: false, ...pkcs12(document, passphrase, 'legacy') };
        return { file: taken(name, exportMobileconfig(document, extras)), ending: 'mobileconfig' };
      }
      case 'gateway':
        return { file: exportGateway(document, { withSecrets: false }), ending: 'gateway.conf' };
    }
  })();
  return {
    fileName: `${name}.${written.ending}`,
    content: Buffer.from(utf8(written.file.text)).toString('base64'),
    report: written.file.report,
  };
}

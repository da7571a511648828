/**
 * Importing connection profiles of other programs. What a file is, its content says; the extension is not asked.
 * Nothing is opened that a file names, nothing in it is run, and every field of it is accounted for in the report.
 */
import { err, ok, type Result } from '../../base/result.ts';
import { isOwnFormat, readOwnFormat } from '../export/own-format.ts';
import { isRecord } from '../inline.ts';
import { profileDocumentSchema } from '../schema.ts';
import { importIpsecConf, readIpsecConf, readIpsecSecrets } from './ipsec-conf.ts';
import type { ImportedProfile, MappingLine } from './mapping.ts';
import { importMobileconfig } from './mobileconfig.ts';
import { importNmconnection, NM_SERVICE } from './nmconnection.ts';
import { readPlist } from './plist.ts';
import { secretsOf } from './secrets-file.ts';
import { importSswan, isSswan } from './sswan.ts';
import { readConf } from './strongswan-conf.ts';
import { importSwanctl } from './swanctl.ts';
import { decodeText, readSections } from './text.ts';
import { importPhoneBook, importProfileXml } from './windows.ts';
import { readXml } from './xml.ts';

export type ProfileFormat =
  | 'culvert'
  | 'sswan'
  | 'swanctl.conf'
  | 'ipsec.conf'
  | 'mobileconfig'
  | 'nmconnection'
  | 'rasphone.pbk'
  | 'ProfileXML';

export interface ImportedFile {
  readonly format: ProfileFormat;
  /** At least one; several where the file has several connections. */
  readonly profiles: readonly ImportedProfile[];
}

/** Why a file was not imported, as a sentence that goes on after its name. */
export interface ImportProblem {
  readonly code: 'unknown-format' | 'damaged' | 'no-connection' | 'signature';
  readonly message: string;
}

export interface ImportSources {
  /** Files that keep the secrets apart: `ipsec.secrets`, or another `swanctl.conf`; each reader takes its own. */
  readonly secrets?: readonly Uint8Array[];
  /** Takes CMS signatures off (`openSignedData` of pki); without it, signed files are refused. */
  readonly unwrap?: (octets: Uint8Array) => Result<Uint8Array, string>;
}

type Imported = Result<ImportedFile, ImportProblem>;

const fail = (code: ImportProblem['code'], message: string): Imported => err({ code, message });

const SEQUENCE = 0x30;

const some = (format: ProfileFormat, profiles: readonly ImportedProfile[], what: string): Imported =>
  profiles.length > 0 ? ok({ format, profiles }) : fail('no-connection', `holds no ${what}`);

export function importProfile(octets: Uint8Array, sources: ImportSources = {}): Imported {
  const signed = octets[0] === SEQUENCE && octets[1] !== undefined && octets[1] >= 0x80;
  let plain = octets;
  if (signed) {
    const unwrapped = sources.unwrap?.(octets);
    if (!unwrapped?.ok)
      return fail('signature', unwrapped?.error ?? 'is signed, and signatures cannot be read here');
    plain = unwrapped.value;
  }
  const text = decodeText(plain);
  if (!text.ok) return fail('damaged', text.error);
  const start = text.value.trimStart();
  if (start.startsWith('{')) return fromJson(start);
  if (start.startsWith('<')) return fromXml(start);
  return fromLines(text.value, sources);
}

function fromJson(text: string): Imported {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fail('damaged', 'is not well-formed JSON');
  }
  if (isOwnFormat(value)) return fromOwn(value);
  if (isSswan(value)) return ok({ format: 'sswan', profiles: [importSswan(value)] });
  if (isRecord(value) && isRecord(value.gateway)) {
    const parsed = profileDocumentSchema.safeParse(value);
    if (parsed.success) {
      const report = Object.keys(value).map((key) => ({ kind: 'taken' as const, foreign: key, ours: key }));
      return ok({ format: 'culvert', profiles: [{ document: parsed.data, bundles: [], files: [], report }] });
    }
    const issue = parsed.error.issues[0];
    return fail('damaged', `is no profile: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trimEnd());
  }
  return fail('unknown-format', 'is JSON, but no profile that is known here');
}

function fromOwn(value: Record<string, unknown>): Imported {
  const own = readOwnFormat(value);
  if (!own.ok) return fail('damaged', own.error);
  const { document, sealed } = own.value;
  const report: MappingLine[] = Object.keys(document).map((key) => ({
    kind: 'taken',
    foreign: key,
    ours: key,
  }));
  if (sealed)
    report.push({
      kind: 'unmapped',
      foreign: 'secrets',
      ours: 'local.auth',
      why: 'are sealed: give the passphrase',
    });
  return ok({
    format: 'culvert',
    profiles: [{ document, bundles: [], files: [], report, ...(sealed ? { sealed } : {}) }],
  });
}

function fromXml(text: string): Imported {
  const root = readXml(text);
  if (!root.ok) return fail('damaged', root.error);
  if (root.value.name === 'plist') {
    const dict = readPlist(root.value);
    if (!dict.ok) return fail('damaged', dict.error);
    return some('mobileconfig', importMobileconfig(dict.value), 'IKEv2 payload');
  }
  if (root.value.name === 'VPNProfile')
    return ok({ format: 'ProfileXML', profiles: [importProfileXml(root.value)] });
  return fail('unknown-format', `is XML with "${root.value.name.slice(0, 40)}", which is not known here`);
}

function fromLines(text: string, sources: ImportSources): Imported {
  if (/^[ \t]*connections[ \t\r\n]{0,80}(:[^{]{0,200})?\{/m.test(text)) return fromSwanctl(text, sources);
  if (/^conn\s+\S/m.test(text)) {
    const conns = readIpsecConf(text);
    if (!conns.ok) return fail('damaged', conns.error);
    const list = readIpsecSecrets(secretsOf(sources.secrets ?? [], 'ipsec.secrets'));
    return some('ipsec.conf', importIpsecConf(conns.value, list), 'connection');
  }
  const sections = readSections(text);
  const service = sections
    .find(({ name }) => name === 'vpn')
    ?.entries.find(([key]) => key === 'service-type')?.[1];
  if (service === NM_SERVICE) return ok({ format: 'nmconnection', profiles: [importNmconnection(sections)] });
  if (service !== undefined)
    return fail(
      'unknown-format',
      `is of the NetworkManager plug-in "${service.slice(0, 80)}", not of strongSwan's`,
    );
  if (sections.some(({ entries }) => entries.some(([key]) => key === 'VpnStrategy')))
    return some('rasphone.pbk', importPhoneBook(sections), 'entry that uses IKEv2');
  return fail('unknown-format', 'is no profile that is known here');
}

function fromSwanctl(text: string, sources: ImportSources): Imported {
  const conf = readConf(text);
  if (!conf.ok) return fail('damaged', conf.error);
  const other = readConf(secretsOf(sources.secrets ?? [], 'swanctl.conf'));
  if (!other.ok) return fail('damaged', `has a file of secrets that ${other.error}`);
  return some('swanctl.conf', importSwanctl(conf.value, other.value), 'connection');
}

/** `culvert import`: files of an administrator become a stored profile. */
import { basename } from 'node:path';
import type { Command } from 'commander';
import { ApiError, localFailure } from '../../api/failure.ts';
import {
  type CertificatePreview,
  type ImportDraft,
  type ImportFile,
  MAX_IMPORT_FILES,
  MAX_IMPORT_TEXT,
} from '../../api/import.ts';
import type { RpcClient } from '../../rpc/client.ts';
import { type CommonOptions, withCommon, withEngine } from '../context.ts';
import { askHidden } from '../hidden-input.ts';
import { draftText } from '../import-text.ts';
import type { Output } from '../output.ts';
import { readNamed, readSecretFile } from '../read-bytes.ts';

interface ImportOptions extends CommonOptions {
  readonly passphraseFile?: string;
  readonly secrets?: readonly string[];
  readonly profile?: string;
  readonly name?: string;
  readonly leaf?: string;
  readonly trust?: readonly string[];
  readonly gateway?: string;
  readonly remoteId?: string;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly replace?: boolean;
  readonly dryRun?: boolean;
}

/** Opening many rounds of key derivation takes its time. */
const PATIENCE = { timeoutMs: 120_000 } as const;
const TRIES = 3;

const usage = (message: string, advice: readonly string[] = []): ApiError =>
  new ApiError(localFailure('USAGE', message, advice));

function readFiles(paths: readonly string[]): ImportFile[] {
  if (paths.length > MAX_IMPORT_FILES) throw usage(`more than ${MAX_IMPORT_FILES} files at once`);
  const files = paths.map((path) => ({
    name: basename(path).slice(0, 255),
    content: Buffer.from(readNamed(path)).toString('base64'),
  }));
  if (files.reduce((sum, { content }) => sum + content.length, 0) > MAX_IMPORT_TEXT)
    throw usage(`the files together have more than ${Math.floor((MAX_IMPORT_TEXT * 3) / 4)} octets`);
  return files;
}

const credentials = (check: string, message: string, advice: string): ApiError =>
  new ApiError({ ...localFailure('LOCAL_CREDENTIALS', message, [advice]), check });

/** A drop of files that can be opened again with the passphrases that opened it before. */
class Drop {
  readonly #client: RpcClient;
  readonly #files: readonly ImportFile[];
  readonly #passphrases: string[] = [];

  constructor(client: RpcClient, files: readonly ImportFile[]) {
    this.#client = client;
    this.#files = files;
  }

  /** Asks for passphrases where something is locked; those of a file are all there is when there is one. */
  async open(passphraseFile: string | undefined): Promise<ImportDraft> {
    if (passphraseFile !== undefined) this.#passphrases.push(readSecretFile(passphraseFile));
    let draft = await this.again();
    for (let tries = 0; draft.locked.length > 0; tries++) {
      const what = draft.locked.join(', ');
      const wrong = draft.wrongPassphrase;
      const passphrase =
        passphraseFile !== undefined || tries >= TRIES
          ? undefined
          : await askHidden(wrong ? `wrong passphrase; again for ${what}` : `passphrase for ${what}`);
      if (passphrase === undefined) {
        await this.discard(draft);
        throw wrong
          ? credentials('wrong-passphrase', `the passphrase does not open ${what}`, 'Give the right one.')
          : credentials(
              'passphrase-needed',
              `${what} wants a passphrase`,
              'Name a file that holds it with --passphrase-file.',
            );
      }
      const locked = draft.locked.length;
      draft = await this.#unlock(draft, passphrase);
      if (draft.locked.length < locked) {
        this.#passphrases.push(passphrase);
        tries = -1;
      }
    }
    return draft;
  }

  /** A fresh draft of the same files. */
  async again(): Promise<ImportDraft> {
    let draft = await this.#client.call('import.open', { files: this.#files }, PATIENCE);
    for (const passphrase of this.#passphrases)
      if (draft.locked.length > 0) draft = await this.#unlock(draft, passphrase);
    return draft;
  }

  async discard({ draft }: ImportDraft): Promise<void> {
    await this.#client.call('import.discard', { draft });
  }

  #unlock({ draft }: ImportDraft, passphrase: string): Promise<ImportDraft> {
    return this.#client.call('import.unlock', { draft, passphrase }, PATIENCE);
  }
}

/** Those whose fingerprint begins so, or whose subject or other name is or has the text. */
function meant(list: readonly CertificatePreview[], text: string): readonly CertificatePreview[] {
  const hex = text.replaceAll(':', '').toLowerCase();
  const part = text.toLowerCase();
  const exact = list.filter(({ subject }) => subject === text);
  if (exact.length > 0) return exact;
  return list.filter(
    ({ fingerprint, subject, altNames }) =>
      (hex.length >= 8 && fingerprint.startsWith(hex)) ||
      [subject, ...altNames].some((name) => name.toLowerCase().includes(part)),
  );
}

/** The one certificate that the text means; in `list` before `others`. */
function find(
  option: string,
  text: string,
  list: readonly CertificatePreview[],
  others: readonly CertificatePreview[] = [],
): CertificatePreview {
  const first = meant(list, text);
  const found = first.length > 0 ? first : meant(others, text);
  const [only] = found;
  if (found.length === 1 && only) return only;
  const names = (found.length > 1 ? found : list).map(({ subject }) => `"${subject}"`).join(', ');
  throw usage(
    found.length > 1
      ? `${option} ${text}: it means several of ${names}`
      : `${option} ${text}: there is no such certificate${names === '' ? '' : ` among ${names}`}`,
  );
}

function wantedProfiles({ profiles }: ImportDraft, wanted: string | undefined): (number | undefined)[] {
  if (profiles.length === 0) {
    if (wanted !== undefined) throw usage(`--profile ${wanted}: there is no profile in the files`);
    return [undefined];
  }
  if (wanted === undefined) return profiles.map((_, i) => i);
  const index = profiles.findIndex(({ document }) => document.name === wanted);
  if (index >= 0) return [index];
  const names = profiles.map(({ document }) => String(document.name)).join(', ');
  throw usage(`--profile ${wanted}: the files have ${names}`);
}

async function storeAll(
  client: RpcClient,
  drop: Drop,
  first: ImportDraft,
  options: ImportOptions,
  output: Output,
): Promise<string[]> {
  const wanted = wantedProfiles(first, options.profile);
  if (wanted.length > 1 && options.name !== undefined)
    throw usage('--name names one profile, the files have several: choose one with --profile');
  if (wanted[0] === undefined && options.gateway === undefined)
    throw usage('certificates alone do not say where to connect: name the gateway with --gateway');
  const leaf =
    options.leaf === undefined ? undefined : find('--leaf', options.leaf, first.leaves).fingerprint;
  const trust = options.trust
    ?.filter((text) => text !== 'none')
    .map((text) => find('--trust', text, first.anchors, first.chain).fingerprint);
  const password = options.passwordFile === undefined ? undefined : readSecretFile(options.passwordFile);
  const stored: string[] = [];
  let draft = first;
  for (const [i, profile] of wanted.entries()) {
    if (i > 0) draft = await drop.again();
    const result = await client.call('import.store', {
      draft: draft.draft,
      profile,
      name: options.name,
      leaf,
      trust,
      gateway: options.gateway,
      remoteId: options.remoteId,
      username: options.username,
      password,
      replace: options.replace,
    });
    for (const warning of result.warnings) output.warn(warning);
    stored.push(result.name);
  }
  return stored;
}

async function importFiles(
  client: RpcClient,
  paths: readonly string[],
  options: ImportOptions,
  output: Output,
): Promise<number> {
  const drop = new Drop(client, readFiles([...paths, ...(options.secrets ?? [])]));
  const draft = await drop.open(options.passphraseFile);
  if (options.dryRun === true) {
    await drop.discard(draft);
    output.result({ draft }, () => draftText(draft));
    return 0;
  }
  let stored: readonly string[];
  try {
    stored = await storeAll(client, drop, draft, options, output);
  } catch (error) {
    if (!output.json) output.result({}, () => draftText(draft));
    await drop.discard(draft).catch(() => undefined);
    throw error;
  }
  output.result({ stored, draft }, () => `${draftText(draft)}\nstored ${stored.join(', ')}`);
  return 0;
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

export function addImportCommand(program: Command): void {
  withCommon(program.command('import').argument('<files...>', 'what the administrator handed out'))
    .description(
      'make a profile of PKCS#12, PEM, PKCS#7, .sswan, swanctl.conf, ipsec.conf, .mobileconfig, .nmconnection, ProfileXML or rasphone.pbk; files that belong together are named together',
    )
    .option('--passphrase-file <file>', 'passphrase of what is encrypted; asked for without it')
    .option('--secrets <file>', 'ipsec.secrets, or a swanctl.conf of secrets', collect)
    .option('--profile <name>', 'one profile, when the files have several (default: all)')
    .option('--name <name>', 'name to store it by')
    .option('--leaf <certificate>', 'fingerprint or subject of your certificate, when there are several')
    .option('--trust <ca>', 'fingerprint or subject of a CA to trust for this profile; or none', collect)
    .option('--gateway <host>', 'where to connect, when the files do not say')
    .option('--remote-id <id>', 'identity that the gateway must prove')
    .option('--username <name>', 'user name for EAP')
    .option('--password-file <file>', 'password for EAP, or the pre-shared key, when the files lack it')
    .option('--replace', 'replace a stored profile of that name')
    .option('--dry-run', 'show what would be imported and store nothing')
    .action((files: readonly string[], options: ImportOptions) =>
      withEngine(options, (client, output) => importFiles(client, files, options, output)),
    );
}

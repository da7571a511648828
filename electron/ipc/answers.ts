/** What each call of the bridge does. Arguments have been checked; `serve.ts` has checked the caller. */
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { localFailure } from '../../engine/api/failure.ts';
import type { CallChannel, CHANNELS } from '../bridge/channels.ts';
import type { About, BridgeEvents, OpenedFile, Outcome, Settings } from '../bridge/contract.ts';
import type { EngineLink } from '../engine/link.ts';
import { readFiles } from '../files/read.ts';
import type { HostPort } from '../host.ts';
import type { Texts } from '../text/texts.ts';
import type { AppWindow } from '../window/app-window.ts';
import {
  fileArguments,
  flagArguments,
  noArguments,
  readCall,
  settingsArguments,
  textArguments,
} from './schemas.ts';
import { type Answer, checked } from './serve.ts';

export interface AnswersOptions {
  readonly host: Pick<HostPort, 'app' | 'dialog' | 'clipboard'>;
  readonly link: EngineLink;
  readonly window: AppWindow;
  readonly about: About;
  readonly texts: () => Texts;
  readonly changeSettings: (change: Partial<Settings>) => Settings;
  readonly startEngine: () => Promise<Outcome<boolean>>;
  /** The page listens from now on: what it must hear first. */
  readonly attach: () => readonly (readonly [keyof BridgeEvents, unknown])[];
}

type Key = Exclude<keyof typeof CHANNELS, 'event'>;

const ok = <T>(value: T): Outcome<T> => ({ ok: true, value });

/** The kinds that the import screen is told of in words; the content decides in the end. */
const EXTENSIONS = [
  ...['culvert', 'sswan', 'mobileconfig', 'p12', 'pfx', 'pem', 'crt', 'cer', 'der', 'key'],
  ...['conf', 'secrets', 'nmconnection', 'pbk', 'xml', 'json'],
];

export function createAnswers(options: AnswersOptions): Readonly<Record<Key, Answer>> {
  const { host, link, window, about, texts } = options;

  async function chooseFiles(): Promise<Outcome<readonly OpenedFile[] | undefined>> {
    const parent = window.current;
    if (!parent) return ok(undefined);
    const { canceled, filePaths } = await host.dialog.showOpenDialog(parent, {
      properties: ['openFile', 'multiSelections', 'dontAddToRecent'],
      filters: [
        { name: texts().profileFiles, extensions: EXTENSIONS },
        { name: texts().allFiles, extensions: ['*'] },
      ],
    });
    return canceled ? ok(undefined) : readFiles(filePaths);
  }

  async function saveFile({ name, content }: OpenedFile): Promise<Outcome<boolean>> {
    const parent = window.current;
    if (!parent) return ok(false);
    const { canceled, filePath } = await host.dialog.showSaveDialog(parent, {
      defaultPath: join(host.app.getPath('documents'), basename(name)),
      properties: ['showOverwriteConfirmation', 'createDirectory', 'dontAddToRecent'],
    });
    if (canceled || !filePath) return ok(false);
    try {
      // An exported profile may hold keys: nobody else reads it.
      await writeFile(filePath, Buffer.from(content, 'base64'), { mode: 0o600 });
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
      return {
        ok: false,
        failure: localFailure('USAGE', `${basename(filePath)} cannot be written (${code})`),
      };
    }
    return ok(true);
  }

  return {
    about: checked(noArguments, async () => ok(about)),
    attach: checked(noArguments, async () => ok(options.attach())),
    async call(args) {
      const read = readCall(args);
      if (!read.ok) return { ok: false, failure: localFailure('USAGE', read.problem) };
      return link.call(read.method, read.params);
    },
    followLog: checked(flagArguments, async ([on]) => {
      await link.followLog(on);
      return ok(undefined);
    }),
    setSettings: checked(settingsArguments, async ([change]) => ok(options.changeSettings(change))),
    chooseFiles: checked(noArguments, chooseFiles),
    saveFile: checked(fileArguments, ([file]) => saveFile(file)),
    copy: checked(textArguments, async ([text]) => {
      await host.clipboard.writeText(text);
      return ok(true);
    }),
    startEngine: checked(noArguments, options.startEngine),
  };
}

/** The same by the name of its channel. */
export function byChannel(
  answers: Readonly<Record<Key, Answer>>,
  channels: typeof CHANNELS,
): Readonly<Record<CallChannel, Answer>> {
  const { event: _event, ...calls } = channels;
  const named = Object.entries(calls).map(([key, channel]) => [channel, answers[key as Key]]);
  return Object.fromEntries(named) as Record<CallChannel, Answer>;
}

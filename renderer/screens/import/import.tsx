/** Import: whatever an administrator hands out goes in here; nothing is kept before it was shown. */
import { type JSX, useEffect, useRef, useState } from 'react';
import type { OpenedFile } from '../../../electron/bridge/contract.ts';
import type { ImportDraft, StoreImportParams } from '../../../engine/api/import.ts';
import { useAction } from '../../bridge/action.ts';
import { appState, navigate, useApp } from '../../bridge/app-state.ts';
import { bridge } from '../../bridge/bridge.ts';
import { useText } from '../../i18n/text.tsx';
import { Page } from '../../parts/layout.tsx';
import { FailureNote } from '../../parts/notes.tsx';
import { DropZone } from './drop-zone.tsx';
import { Preview } from './preview.tsx';

interface Opened {
  readonly draft: ImportDraft;
  readonly fileName: string;
}

export function Import(): JSX.Element {
  const text = useText();
  const waiting = useApp((s) => s.opened);
  const [opened, setOpened] = useState<Opened>();
  const current = useRef<number | undefined>(undefined);
  const open = useAction((files: readonly OpenedFile[]) => bridge.call('import.open', { files }));
  const unlock = useAction((draft: number, passphrase: string) =>
    bridge.call('import.unlock', { draft, passphrase }),
  );
  const store = useAction((params: StoreImportParams) => bridge.call('import.store', params));

  const discard = (): void => {
    const draft = current.current;
    current.current = undefined;
    if (draft !== undefined) void bridge.call('import.discard', { draft });
  };
  // A draft holds keys: it goes when the screen is left.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when the screen is left
  useEffect(() => discard, []);

  const show = async (files: readonly OpenedFile[]): Promise<void> => {
    const draft = await open.run(files);
    if (!draft) return;
    discard();
    current.current = draft.draft;
    setOpened({ draft, fileName: files[0]?.name ?? '' });
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each lot of files
  useEffect(() => {
    if (waiting.length === 0) return;
    appState.set({ opened: [] });
    void show(waiting);
  }, [waiting]);

  const unlocked = async (passphrase: string): Promise<void> => {
    const draft = opened && (await unlock.run(opened.draft.draft, passphrase));
    if (draft) setOpened({ draft, fileName: opened.fileName });
  };
  const stored = async (choice: Omit<StoreImportParams, 'draft'>, connect: boolean): Promise<void> => {
    if (!opened) return;
    const result = await store.run({ draft: opened.draft.draft, ...choice });
    if (!result) return;
    current.current = undefined;
    // Why it does not connect, if it does not, is Home's to show.
    if (connect) void bridge.call('tunnel.up', { profile: result.name });
    navigate('home', result.name);
  };
  const cancel = (): void => {
    for (const action of [open, unlock, store]) action.forget();
    discard();
    setOpened(undefined);
  };
  const failure = open.failure ?? unlock.failure ?? store.failure;
  return (
    <Page title={text('nav.import')} lead={text('import.lead')}>
      {failure && (
        <FailureNote
          failure={failure}
          onClose={() => {
            for (const action of [open, unlock, store]) action.forget();
          }}
        />
      )}
      {opened ? (
        <Preview
          key={`${opened.draft.draft} ${opened.draft.locked.length}`}
          draft={opened.draft}
          fileName={opened.fileName}
          busy={unlock.busy || store.busy}
          onUnlock={(passphrase) => void unlocked(passphrase)}
          onStore={(choice, connect) => void stored(choice, connect)}
          onCancel={cancel}
        />
      ) : (
        <DropZone busy={open.busy} onFiles={(files) => void show(files)} onCancel={cancel} />
      )}
    </Page>
  );
}

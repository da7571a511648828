/** A profile as a file: for another computer, another client, or the gateway's administrator. */
import { type JSX, useState } from 'react';
import type { ExportFormat, ExportResult } from '../../../engine/api/import.ts';
import { useAction } from '../../bridge/action.ts';
import { bridge } from '../../bridge/bridge.ts';
import { useText } from '../../i18n/text.tsx';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { SelectField, TextField } from '../../parts/fields.tsx';
import { FailureNote, Note } from '../../parts/notes.tsx';

const FORMATS: readonly ExportFormat[] = ['culvert', 'sswan', 'mobileconfig', 'gateway'];

export function ExportDialog(props: { readonly name: string; readonly onClose: () => void }): JSX.Element {
  const { name, onClose } = props;
  const text = useText();
  const [format, setFormat] = useState<ExportFormat>('culvert');
  const [passphrase, setPassphrase] = useState('');
  const [done, setDone] = useState<ExportResult>();
  const make = useAction(() =>
    bridge.call('profiles.export', {
      name,
      format,
      ...(passphrase === '' ? {} : { passphrase }),
    }),
  );
  const save = useAction((file: ExportResult) =>
    bridge.saveFile({ name: file.fileName, content: file.content }),
  );
  const submit = async (): Promise<void> => {
    const file = await make.run();
    if (file && (await save.run(file)) === true) setDone(file);
  };
  const lost = done?.report.filter((line) => line.kind !== 'taken') ?? [];
  return (
    <Dialog
      title={text('export.title', { name })}
      onClose={onClose}
      onSubmit={() => void submit()}
      actions={
        done ? (
          <Button kind="primary" onClick={onClose}>
            {text('action.close')}
          </Button>
        ) : (
          <>
            <Button onClick={onClose}>{text('action.cancel')}</Button>
            <Button kind="primary" type="submit" busy={make.busy || save.busy}>
              {text('export.save')}
            </Button>
          </>
        )
      }
    >
      {done ? (
        <>
          <Note tone="green">
            <p>{text('export.done', { file: done.fileName })}</p>
          </Note>
          {lost.length > 0 && (
            <Note tone="orange">
              <p>{text('export.lost')}</p>
              <ul lang="en" dir="ltr">
                {lost.map((line) => (
                  <li key={`${line.foreign} ${line.ours ?? ''}`}>
                    <code>{line.ours ?? line.foreign}</code> {line.why}
                  </li>
                ))}
              </ul>
            </Note>
          )}
        </>
      ) : (
        <>
          <SelectField
            label={text('export.format')}
            value={format}
            choices={FORMATS.map((value) => ({ value, label: text(`export.${value}`) }))}
            onChange={setFormat}
          />
          <TextField
            label={text('export.passphrase')}
            optional
            type="password"
            value={passphrase}
            onChange={setPassphrase}
            hint={text('export.passphraseHint')}
          />
        </>
      )}
      {make.failure && <FailureNote failure={make.failure} />}
      {save.failure && <FailureNote failure={save.failure} />}
    </Dialog>
  );
}

/** Where files go in: dropped, chosen or opened with Culvert. */
import { FileInput, LoaderCircle } from 'lucide-react';
import { type DragEvent, type JSX, useState } from 'react';
import type { OpenedFile } from '../../../electron/bridge/contract.ts';
import { useAction } from '../../bridge/action.ts';
import { bridge } from '../../bridge/bridge.ts';
import { useText } from '../../i18n/text.tsx';
import { readFiles } from '../../model/files.ts';
import { Button } from '../../parts/button.tsx';
import controls from '../../parts/controls.module.css';
import { FailureNote } from '../../parts/notes.tsx';
import styles from './import.module.css';

const FORMATS = [
  '.p12 / .pfx',
  '.pem / .der / .p7b',
  '.mobileconfig',
  '.sswan',
  'swanctl.conf',
  'ipsec.conf',
  '.nmconnection',
  'Culvert .json',
] as const;

export interface DropZoneProps {
  readonly busy: boolean;
  readonly onFiles: (files: readonly OpenedFile[]) => void;
  readonly onCancel: () => void;
}

export function DropZone({ busy, onFiles, onCancel }: DropZoneProps): JSX.Element {
  const text = useText();
  const [over, setOver] = useState(false);
  const choose = useAction(() => bridge.chooseFiles());
  const dropped = async (event: DragEvent): Promise<void> => {
    event.preventDefault();
    setOver(false);
    const files = await readFiles(event.dataTransfer.files);
    if (files.length > 0) onFiles(files);
  };
  const chosen = async (): Promise<void> => {
    const files = await choose.run();
    if (files && files.length > 0) onFiles(files);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is one more way; the button does the same by keyboard
    <div
      className={styles.drop}
      data-over={over || undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => void dropped(event)}
    >
      {busy ? (
        <>
          <p className={styles.busy} role="status">
            <LoaderCircle className={controls.spinner} aria-hidden />
            {text('import.reading')}
          </p>
          <Button onClick={onCancel}>{text('action.cancel')}</Button>
        </>
      ) : (
        <>
          <FileInput className={styles.dropIcon} aria-hidden />
          <h2>{text('import.drop')}</h2>
          <p>{text('import.dropText')}</p>
          <Button kind="primary" busy={choose.busy} onClick={() => void chosen()}>
            {text('import.choose')}
          </Button>
          <ul className={styles.formats} dir="ltr" aria-label={text('import.formats')}>
            {FORMATS.map((format) => (
              <li key={format} className={styles.format}>
                {format}
              </li>
            ))}
          </ul>
          {choose.failure && <FailureNote failure={choose.failure} onClose={choose.forget} />}
        </>
      )}
    </div>
  );
}

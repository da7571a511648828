/** What else can be done with a profile. */
import { ArrowLeftRight, FileOutput, Pencil, Stethoscope, Trash2 } from 'lucide-react';
import { type JSX, useState } from 'react';
import { useAction } from '../../bridge/action.ts';
import { navigate } from '../../bridge/app-state.ts';
import { bridge } from '../../bridge/bridge.ts';
import { useText } from '../../i18n/text.tsx';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Menu } from '../../parts/menu.tsx';
import { FailureNote } from '../../parts/notes.tsx';
import { ExportDialog } from './export-dialog.tsx';

function RemoveDialog({
  name,
  onClose,
}: {
  readonly name: string;
  readonly onClose: () => void;
}): JSX.Element {
  const text = useText();
  const remove = useAction(async () => {
    const ended = await bridge.call('tunnel.down', { name });
    if (!ended.ok && ended.failure.code !== 'NOT_FOUND') return ended;
    return await bridge.call('profiles.remove', { name });
  });
  const submit = async (): Promise<void> => {
    if ((await remove.run()) !== undefined) onClose();
  };
  return (
    <Dialog
      title={text('remove.title', { name })}
      onClose={onClose}
      onSubmit={() => void submit()}
      actions={
        <>
          <Button onClick={onClose}>{text('action.cancel')}</Button>
          <Button kind="danger" type="submit" icon={Trash2} busy={remove.busy}>
            {text('action.remove')}
          </Button>
        </>
      }
    >
      <p>{text('remove.text')}</p>
      {remove.failure && <FailureNote failure={remove.failure} />}
    </Dialog>
  );
}

export function ProfileMenu({ name }: { readonly name: string }): JSX.Element {
  const text = useText();
  const [shown, setShown] = useState<'remove' | 'export'>();
  return (
    <div>
      <Menu
        label={text('home.more', { name })}
        items={[
          { label: text('action.edit'), icon: Pencil, onSelect: () => navigate('editor', name) },
          {
            label: text('nav.negotiation'),
            icon: ArrowLeftRight,
            onSelect: () => navigate('negotiation', name),
          },
          { label: text('home.check'), icon: Stethoscope, onSelect: () => navigate('diagnostics', name) },
          { label: text('export.menu'), icon: FileOutput, onSelect: () => setShown('export') },
          {
            label: text('action.remove'),
            icon: Trash2,
            danger: true,
            onSelect: () => setShown('remove'),
          },
        ]}
      />
      {shown === 'remove' && <RemoveDialog name={name} onClose={() => setShown(undefined)} />}
      {shown === 'export' && <ExportDialog name={name} onClose={() => setShown(undefined)} />}
    </div>
  );
}

/** A question of a connection attempt: a password, a one-time code, a gateway's own words. */
import { type JSX, useState } from 'react';
import type { PromptSnapshot } from '../../../engine/api/prompt.ts';
import { useAction } from '../../bridge/action.ts';
import { bridge } from '../../bridge/bridge.ts';
import { useText } from '../../i18n/text.tsx';
import { useUnits } from '../../i18n/units.ts';
import { Button } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Check, TextField } from '../../parts/fields.tsx';
import { FailureNote, Note } from '../../parts/notes.tsx';

export interface PromptProps {
  readonly tunnel: string;
  readonly prompt: PromptSnapshot;
}

export function Prompt({ tunnel, prompt }: PromptProps): JSX.Element {
  const text = useText();
  const units = useUnits();
  const [answer, setAnswer] = useState('');
  const [store, setStore] = useState(false);
  const send = useAction(() =>
    bridge.call('tunnel.answer', {
      name: tunnel,
      prompt: prompt.id,
      answer,
      ...(prompt.storable && store ? { store } : {}),
    }),
  );
  const stop = useAction(() => bridge.call('tunnel.down', { name: tunnel }));
  return (
    <Dialog
      title={text(`prompt.${prompt.kind}`, { name: tunnel })}
      onClose={() => void stop.run()}
      onSubmit={() => void send.run()}
      actions={
        <>
          <Button busy={stop.busy} onClick={() => void stop.run()}>
            {text('action.cancel')}
          </Button>
          <Button kind="primary" type="submit" busy={send.busy} disabled={answer === ''}>
            {text('prompt.send')}
          </Button>
        </>
      }
    >
      {prompt.reason !== undefined && <p>{text(`prompt.reason.${prompt.reason}`)}</p>}
      {prompt.problem !== undefined && (
        <Note tone="red" alert>
          <p lang="en" dir="ltr">
            {prompt.problem}
          </p>
        </Note>
      )}
      {prompt.text !== undefined && (
        <div>
          <p>{text('prompt.says')}</p>
          <blockquote dir="auto">{prompt.text}</blockquote>
        </div>
      )}
      <TextField
        label={
          prompt.user === undefined
            ? text(`prompt.label.${prompt.kind}`)
            : text(`prompt.labelFor.${prompt.kind}`, { user: prompt.user })
        }
        type={prompt.kind === 'one-time-code' ? 'text' : 'password'}
        autoComplete={prompt.kind === 'one-time-code' ? 'one-time-code' : 'off'}
        technical
        autoFocus
        value={answer}
        onChange={setAnswer}
        hint={text('prompt.timeLeft', { span: units.span(prompt.secondsLeft) })}
      />
      {prompt.storable && <Check label={text('prompt.store')} value={store} onChange={setStore} />}
      {send.failure && <FailureNote failure={send.failure} />}
      {stop.failure && <FailureNote failure={stop.failure} />}
    </Dialog>
  );
}

/** Notes: something that went wrong, with its causes and what to do about it, or something worth knowing. */
import { CircleCheck, CircleX, Info, type LucideIcon, TriangleAlert, X } from 'lucide-react';
import type { JSX, ReactNode } from 'react';
import type { Failure } from '../../engine/base/failure.ts';
import { useText } from '../i18n/text.tsx';
import type { Tone } from '../model/tone.ts';
import { IconButton } from './button.tsx';
import styles from './parts.module.css';

const ICONS: Readonly<Record<Tone, LucideIcon>> = {
  grey: Info,
  orange: TriangleAlert,
  green: CircleCheck,
  red: CircleX,
};

export interface NoteProps {
  readonly tone: Tone;
  readonly children: ReactNode;
  /** Read out as soon as it appears. */
  readonly alert?: boolean;
}

export function Note({ tone, children, alert = false }: NoteProps): JSX.Element {
  const Icon = ICONS[tone];
  return (
    <div className={styles.note} data-tone={tone} role={alert ? 'alert' : undefined}>
      <Icon className={styles.noteIcon} aria-hidden />
      <div className={styles.noteBody}>{children}</div>
    </div>
  );
}

export interface FailureNoteProps {
  readonly failure: Failure;
  readonly onClose?: () => void;
  readonly actions?: ReactNode;
  /** `orange` where the tunnel is up all the same. */
  readonly tone?: Tone;
}

/** Why it failed: what happened in a word and in detail, whose word it is, and what to try. */
export function FailureNote({ failure, onClose, actions, tone = 'red' }: FailureNoteProps): JSX.Element {
  const text = useText();
  const { code, phase, message, authenticated, check, advice = [] } = failure;
  const ofPeer = phase !== 'local' && phase !== 'resolve' && phase !== 'host';
  return (
    <Note tone={tone} alert>
      <div className={styles.cardHead}>
        <h3>{text(`failure.${code}`)}</h3>
        {onClose && <IconButton icon={X} label={text('action.dismiss')} onClick={onClose} />}
      </div>
      {/* The engine words the details; it speaks English. */}
      <p lang="en" dir="ltr">
        {message}
      </p>
      {advice.length > 0 && (
        <>
          <h4>{text('failure.try')}</h4>
          <ol lang="en" dir="ltr">
            {advice.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ol>
        </>
      )}
      <p className={styles.noteFoot}>
        {text('failure.where', { phase })} · <code dir="ltr">{code}</code>
        {check !== undefined && (
          <>
            {' · '}
            <code dir="ltr">{check}</code>
          </>
        )}
        {ofPeer && <> · {text(authenticated ? 'failure.proved' : 'failure.unproved')}</>}
      </p>
      {actions !== undefined && <div className={styles.actions}>{actions}</div>}
    </Note>
  );
}

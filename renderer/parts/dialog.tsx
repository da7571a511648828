/**
 * Modal dialogs on the browser's own `<dialog>`: it keeps the focus inside, closes on Escape and gives the focus back.
 * Radix's would put a style element into the page, which the content security policy rightly refuses.
 */
import { type FormEvent, type JSX, type ReactNode, useEffect, useId, useRef } from 'react';
import styles from './parts.module.css';

export interface DialogProps {
  readonly title: string;
  readonly children: ReactNode;
  readonly actions: ReactNode;
  /** Escape, too. */
  readonly onClose: () => void;
  readonly onSubmit?: () => void;
}

export function Dialog({ title, children, actions, onClose, onSubmit }: DialogProps): JSX.Element {
  const id = useId();
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onSubmit?.();
  };
  return (
    <dialog
      ref={element}
      className={styles.dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <form className={styles.dialogBody} onSubmit={submit} noValidate>
        <h2 id={id}>{title}</h2>
        {children}
        <div className={styles.dialogActions}>{actions}</div>
      </form>
    </dialog>
  );
}

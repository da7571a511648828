/** Buttons. */
import { LoaderCircle, type LucideIcon } from 'lucide-react';
import type { ButtonHTMLAttributes, JSX, ReactNode, Ref } from 'react';
import styles from './controls.module.css';

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly kind?: 'primary' | 'plain' | 'ghost' | 'danger';
  readonly size?: 'normal' | 'large' | 'icon';
  readonly icon?: LucideIcon;
  /** Shows that it is at work; presses are ignored, and the focus stays. */
  readonly busy?: boolean;
  readonly children?: ReactNode;
  readonly ref?: Ref<HTMLButtonElement>;
}

export function Button(props: ButtonProps): JSX.Element {
  const { kind = 'plain', size = 'normal', icon: Icon, busy = false, children, onClick, ...rest } = props;
  return (
    <button
      type="button"
      {...rest}
      className={styles.button}
      data-kind={kind}
      data-size={size}
      aria-disabled={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
    >
      {busy ? (
        <LoaderCircle className={styles.spinner} aria-hidden />
      ) : (
        Icon && <Icon className={styles.icon} aria-hidden />
      )}
      {children}
    </button>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, 'size' | 'children'> {
  readonly label: string;
  readonly icon: LucideIcon;
}

/** A button that is only an icon; its label is its name and its tooltip. */
export function IconButton({ label, kind = 'ghost', ...rest }: IconButtonProps): JSX.Element {
  return <Button {...rest} kind={kind} size="icon" aria-label={label} title={label} />;
}

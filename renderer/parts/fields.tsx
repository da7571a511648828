/** Fields of forms: a label, the control, what it means, and what is wrong with it. */
import { CircleAlert, TriangleAlert } from 'lucide-react';
import { Switch, ToggleGroup } from 'radix-ui';
import { type JSX, type ReactNode, useId } from 'react';
import { useText } from '../i18n/text.tsx';
import styles from './controls.module.css';

export interface FieldProps {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly problem?: string | undefined;
  readonly warning?: string | undefined;
  readonly optional?: boolean;
}

interface Wiring {
  readonly id: string;
  readonly 'aria-describedby'?: string;
  readonly 'aria-invalid'?: true;
}

export function Field(props: FieldProps & { readonly children: (wiring: Wiring) => ReactNode }): JSX.Element {
  const { label, hint, problem, warning, optional, children } = props;
  const text = useText();
  const id = useId();
  const described = [
    problem !== undefined && `${id}-problem`,
    warning !== undefined && `${id}-warning`,
    hint !== undefined && `${id}-hint`,
  ].filter((part) => part !== false);
  const wiring: Wiring = {
    id,
    ...(described.length > 0 ? { 'aria-describedby': described.join(' ') } : {}),
    ...(problem === undefined ? {} : { 'aria-invalid': true }),
  };
  return (
    <div className={styles.field}>
      <label className={styles.label} htmlFor={id}>
        {label}
        {optional && <span className={styles.optional}> · {text('field.optional')}</span>}
      </label>
      {children(wiring)}
      {problem !== undefined && (
        <p className={styles.problem} id={`${id}-problem`}>
          <CircleAlert className={styles.icon} aria-hidden />
          <span>{problem}</span>
        </p>
      )}
      {warning !== undefined && (
        <p className={styles.warning} id={`${id}-warning`}>
          <TriangleAlert className={styles.icon} aria-hidden />
          <span>{warning}</span>
        </p>
      )}
      {hint !== undefined && (
        <p className={styles.hint} id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

export interface TextFieldProps extends FieldProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly type?: 'text' | 'password' | 'number';
  readonly placeholder?: string;
  readonly lines?: boolean;
  /** Names, addresses and keywords are written from left to right in every language. */
  readonly technical?: boolean;
  readonly autoComplete?: string;
  readonly autoFocus?: boolean;
  readonly inputMode?: 'numeric' | 'text';
  readonly name?: string;
}

export function TextField(props: TextFieldProps): JSX.Element {
  const { value, onChange, type = 'text', lines, technical, placeholder, inputMode, name } = props;
  const shared = {
    className: styles.input,
    value,
    name,
    placeholder,
    inputMode,
    spellCheck: false,
    autoComplete: props.autoComplete ?? 'off',
    dir: technical ? ('ltr' as const) : undefined,
  };
  return (
    <Field {...props}>
      {(wiring) =>
        lines ? (
          <textarea {...wiring} {...shared} onChange={(event) => onChange(event.target.value)} />
        ) : (
          <input
            {...wiring}
            {...shared}
            type={type}
            // biome-ignore lint/a11y/noAutofocus: only the first field of a dialog that was just asked for
            autoFocus={props.autoFocus}
            onChange={(event) => onChange(event.target.value)}
          />
        )
      }
    </Field>
  );
}

export interface Choice<T extends string> {
  readonly value: T;
  readonly label: string;
}

export interface SelectFieldProps<T extends string> extends FieldProps {
  readonly value: T;
  readonly choices: readonly Choice<T>[];
  readonly onChange: (value: T) => void;
}

export function SelectField<T extends string>(props: SelectFieldProps<T>): JSX.Element {
  const { value, choices, onChange } = props;
  return (
    <Field {...props}>
      {(wiring) => (
        <select
          {...wiring}
          className={styles.input}
          value={value}
          onChange={(event) => onChange(event.target.value as T)}
        >
          {choices.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export interface SwitchFieldProps extends Omit<FieldProps, 'optional'> {
  readonly value: boolean;
  readonly onChange: (value: boolean) => void;
  readonly disabled?: boolean;
}

export function SwitchField(props: SwitchFieldProps): JSX.Element {
  const { label, hint, warning, value, onChange, disabled } = props;
  const id = useId();
  return (
    <div className={styles.switchRow}>
      <div className={styles.field}>
        <label className={styles.label} htmlFor={id}>
          {label}
        </label>
        {hint !== undefined && (
          <p className={styles.hint} id={`${id}-hint`}>
            {hint}
          </p>
        )}
        {warning !== undefined && (
          <p className={styles.warning}>
            <TriangleAlert className={styles.icon} aria-hidden />
            <span>{warning}</span>
          </p>
        )}
      </div>
      <Switch.Root
        id={id}
        className={styles.switch}
        checked={value}
        disabled={disabled}
        onCheckedChange={onChange}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
      >
        <Switch.Thumb className={styles.thumb} />
      </Switch.Root>
    </div>
  );
}

export interface SegmentsProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly choices: readonly Choice<T>[];
  readonly onChange: (value: T) => void;
}

/** A few choices side by side. */
export function Segments<T extends string>({
  label,
  value,
  choices,
  onChange,
}: SegmentsProps<T>): JSX.Element {
  return (
    <ToggleGroup.Root
      type="single"
      className={styles.segments}
      aria-label={label}
      value={value}
      onValueChange={(next) => {
        if (next !== '') onChange(next as T);
      }}
    >
      {choices.map((choice) => (
        <ToggleGroup.Item key={choice.value} value={choice.value} className={styles.segment}>
          {choice.label}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  );
}

export interface CheckProps {
  readonly label: ReactNode;
  readonly value: boolean;
  readonly onChange: (value: boolean) => void;
  readonly kind?: 'checkbox' | 'radio';
  readonly name?: string;
}

export function Check({ label, value, onChange, kind = 'checkbox', name }: CheckProps): JSX.Element {
  return (
    <label className={styles.check}>
      <input type={kind} name={name} checked={value} onChange={(event) => onChange(event.target.checked)} />
      <span>{label}</span>
    </label>
  );
}

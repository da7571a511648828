/** One field of the document, by its row in the table. */
import type { JSX } from 'react';
import { type MessageKey, useText } from '../../i18n/text.tsx';
import { listText, valueAt } from '../../model/document.ts';
import type { FieldSpec } from '../../model/editor-fields.ts';
import { at, KEPT } from '../../model/profile-check.ts';
import { SelectField, SwitchField, TextField } from '../../parts/fields.tsx';
import { useEditing } from './context.ts';

/** A number where the text is one; else the text, for the rules to complain about. */
function numberOf(text: string): number | string | undefined {
  const plain = text.trim();
  if (plain === '') return undefined;
  return /^[0-9]{1,15}$/.test(plain) ? Number(plain) : plain;
}

export function EditorField({ spec }: { readonly spec: FieldSpec }): JSX.Element {
  const text = useText();
  const { document, findings, strict, set } = useEditing();
  const { path, kind, choices = [], fallback } = spec;
  const value = valueAt(document, path);
  const label = text(`editor.${path}`);
  const hint = text(`editor.${path}.hint`);
  const found = at(findings.problems, path);
  // What is missing is no news while the form is still being filled in.
  const problem = (value === undefined || value === '') && !strict ? undefined : found;
  const warning = at(findings.warnings, path);
  if (kind === 'switch')
    return (
      <SwitchField
        label={label}
        hint={hint}
        warning={problem ?? warning}
        value={typeof value === 'boolean' ? value : fallback === true}
        onChange={(on) => set(path, on === (fallback === true) ? undefined : on)}
      />
    );
  if (kind === 'choice')
    return (
      <SelectField
        label={label}
        hint={hint}
        problem={problem}
        warning={warning}
        value={typeof value === 'string' ? value : String(fallback)}
        choices={choices.map((one) => ({ value: one, label: text(`editor.${path}.${one}` as MessageKey) }))}
        onChange={(one) => set(path, one === fallback ? undefined : one)}
      />
    );
  const secret = kind === 'secret';
  return (
    <TextField
      label={label}
      hint={hint}
      problem={problem}
      warning={warning}
      technical
      type={secret ? 'password' : 'text'}
      lines={kind === 'lines'}
      value={secret && value === KEPT ? '' : listText(value)}
      placeholder={secret && value === KEPT ? text('editor.kept') : String(fallback ?? '')}
      onChange={(next) =>
        set(
          path,
          kind === 'number'
            ? numberOf(next)
            : next === ''
              ? secret && value === KEPT
                ? KEPT
                : undefined
              : next,
        )
      }
    />
  );
}

/** Algorithms: a preset, or the text form, judged at every keystroke. */
import type { JSX } from 'react';
import type { ProposalProtocol } from '../../../engine/crypto/proposals.ts';
import { useText } from '../../i18n/text.tsx';
import { listText, valueAt } from '../../model/document.ts';
import { expanded, judge, kept, PRESET_NAMES, presetOf } from '../../model/proposal-text.ts';
import { Chip } from '../../parts/chip.tsx';
import { SelectField, TextField } from '../../parts/fields.tsx';
import { useEditing } from './context.ts';
import styles from './editor.module.css';

export function ProposalsField({ protocol }: { readonly protocol: ProposalProtocol }): JSX.Element {
  const text = useText();
  const { document, set } = useEditing();
  const path = `${protocol}.proposals`;
  const value = listText(valueAt(document, path));
  const allowed = valueAt(document, 'allowLegacy') === true;
  const preset = presetOf(value);
  const judgement = judge(value, protocol);
  const { problem, weak, count } = judgement;
  const broken = weak.filter(({ label }) => label === 'broken');
  const names = [...PRESET_NAMES, ...(preset === 'custom' ? (['custom'] as const) : [])];
  return (
    <div className={styles.proposals}>
      <SelectField
        label={text(`editor.${protocol}.preset`)}
        hint={text(`editor.preset.${preset}`)}
        value={preset}
        choices={names.map((name) => ({ value: name, label: text(`editor.presetName.${name}`) }))}
        onChange={(name) => set(path, name === 'recommended' ? undefined : name === 'custom' ? value : name)}
      />
      <TextField
        label={text(`editor.${protocol}.proposals`)}
        hint={text('editor.proposals.hint', { count })}
        lines
        technical
        value={expanded(value, protocol)}
        onChange={(next) => set(path, kept(next))}
        problem={
          problem
            ? text('editor.proposals.problem', { word: problem.word, reason: problem.reason })
            : broken.length > 0 && !allowed
              ? text('editor.proposals.broken', { words: broken.map(({ word }) => word).join(', ') })
              : undefined
        }
      />
      {weak.length > 0 && (
        <p className={styles.weak}>
          {weak.map(({ word, label }) => (
            <Chip key={word} tone={label === 'broken' ? 'red' : 'orange'}>
              <span>
                <bdi dir="ltr">{word}</bdi> {text(`editor.weak.${label}`)}
              </span>
            </Chip>
          ))}
        </p>
      )}
    </div>
  );
}

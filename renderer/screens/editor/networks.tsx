/** Which traffic goes through the tunnel. */
import type { JSX } from 'react';
import { useText } from '../../i18n/text.tsx';
import { type Document, listText, valueAt } from '../../model/document.ts';
import { at } from '../../model/profile-check.ts';
import { Segments, TextField } from '../../parts/fields.tsx';
import { Card } from '../../parts/layout.tsx';
import { useEditing } from './context.ts';
import styles from './editor.module.css';

const isObject = (value: unknown): value is Document => typeof value === 'object' && value !== null;

export function Networks(): JSX.Element {
  const text = useText();
  const { document, findings, set } = useEditing();
  const written = valueAt(document, 'children');
  const children = isObject(written) ? Object.entries(written) : [];
  const everything = children.length === 0;
  // A name of a child may hold dots, which paths do not know: children are changed as a whole.
  const change = (name: string, key: 'local' | 'remote', value: string): void =>
    set(
      'children',
      Object.fromEntries(
        children.map(([child, fields]) => {
          if (child !== name || !isObject(fields)) return [child, fields];
          const { [key]: _before, ...others } = fields;
          return [child, value === '' ? others : { ...fields, [key]: value }];
        }),
      ),
    );
  return (
    <Card title={text('editor.networks')}>
      <div className={styles.methods}>
        <Segments
          label={text('editor.networks')}
          value={everything ? 'all' : 'some'}
          choices={[
            { value: 'all', label: text('editor.networks.all') },
            { value: 'some', label: text('editor.networks.some') },
          ]}
          onChange={(value) =>
            set(
              'children',
              value === 'all' ? undefined : { [String(document.name || 'net')]: { remote: '' } },
            )
          }
        />
        <p>{text(everything ? 'editor.networks.all.hint' : 'editor.networks.some.hint')}</p>
      </div>
      {children.map(([name, fields]) => (
        <div key={name} className={styles.grid}>
          <TextField
            label={text('editor.remoteNets', { name })}
            hint={text('editor.remoteNets.hint')}
            technical
            placeholder="10.0.0.0/8, 192.168.20.0/24"
            problem={at(findings.problems, `children.${name}.remote`)}
            value={listText(isObject(fields) ? fields.remote : undefined)}
            onChange={(value) => change(name, 'remote', value)}
          />
          <TextField
            label={text('editor.localNets', { name })}
            hint={text('editor.localNets.hint')}
            technical
            placeholder="dynamic"
            problem={at(findings.problems, `children.${name}.local`)}
            value={listText(isObject(fields) ? fields.local : undefined)}
            onChange={(value) => change(name, 'local', value)}
          />
        </div>
      ))}
    </Card>
  );
}

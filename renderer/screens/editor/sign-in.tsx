/** How both sides prove who they are. */
import { FileUp } from 'lucide-react';
import type { JSX } from 'react';
import { useAction } from '../../bridge/action.ts';
import { bridge } from '../../bridge/bridge.ts';
import { useText } from '../../i18n/text.tsx';
import { type Document, listText, valueAt } from '../../model/document.ts';
import type { EditorPath } from '../../model/editor-fields.ts';
import { at } from '../../model/profile-check.ts';
import { Button } from '../../parts/button.tsx';
import { Segments, TextField } from '../../parts/fields.tsx';
import { Card } from '../../parts/layout.tsx';
import { FailureNote } from '../../parts/notes.tsx';
import { useEditing } from './context.ts';
import styles from './editor.module.css';
import { EditorField } from './editor-field.tsx';

const METHODS = ['psk', 'eap', 'pubkey'] as const;
export type Method = (typeof METHODS)[number];

export function methodOf(document: Document): Method {
  const auth = valueAt(document, 'local.auth');
  if (typeof auth !== 'object' || auth === null) return 'psk';
  if ('eap' in auth) return 'eap';
  return 'certificate' in auth || 'key' in auth ? 'pubkey' : 'psk';
}

const text = (path: EditorPath) => ({ path, kind: 'text' }) as const;
const secret = (path: EditorPath) => ({ path, kind: 'secret' }) as const;

/** PEM text, typed or taken from a file. */
function PemField({ path }: { readonly path: EditorPath }): JSX.Element {
  const words = useText();
  const { document, findings, strict, set } = useEditing();
  const value = valueAt(document, path);
  const choose = useAction(() => bridge.chooseFiles());
  const take = async (): Promise<void> => {
    const files = await choose.run();
    if (files && files.length > 0) set(path, files.map((file) => atob(file.content)).join('\n'));
  };
  const problem = at(findings.problems, path);
  return (
    <div className={`${styles.pem} ${styles.wide}`}>
      <TextField
        label={words(`editor.${path}`)}
        hint={words(`editor.${path}.hint`)}
        problem={(value === undefined || value === '') && !strict ? undefined : problem}
        lines
        technical
        placeholder="-----BEGIN CERTIFICATE-----"
        value={Array.isArray(value) ? value.join('\n') : listText(value)}
        onChange={(next) => set(path, next === '' ? undefined : next)}
      />
      <div>
        <Button icon={FileUp} busy={choose.busy} onClick={() => void take()}>
          {words('editor.fromFile')}
        </Button>
      </div>
      {choose.failure && <FailureNote failure={choose.failure} onClose={choose.forget} />}
    </div>
  );
}

export function SignIn(): JSX.Element {
  const words = useText();
  const { document, set } = useEditing();
  const method = methodOf(document);
  const change = (next: Method): void => {
    if (next === method) return;
    set(
      'local.auth',
      next === 'eap' ? { eap: 'mschapv2' } : next === 'pubkey' ? { certificate: '' } : { psk: '' },
    );
    set('remote.auth', undefined);
    set('remote.psk', undefined);
    if (next === 'psk') {
      set('remote.anchors', undefined);
      set('remote.eku', undefined);
      set('remote.revocation', undefined);
    }
  };
  return (
    <Card title={words('editor.signIn')}>
      <div className={styles.methods}>
        <Segments
          label={words('editor.method')}
          value={method}
          choices={METHODS.map((value) => ({ value, label: words(`editor.method.${value}`) }))}
          onChange={change}
        />
        <p>{words(`editor.method.${method}.hint`)}</p>
      </div>
      <div className={styles.grid}>
        {method === 'psk' && <EditorField spec={secret('local.auth.psk')} />}
        {method === 'eap' && (
          <>
            <EditorField
              spec={{
                path: 'local.auth.eap',
                kind: 'choice',
                fallback: '',
                choices: ['mschapv2', 'gtc', 'otp', 'md5'],
              }}
            />
            <EditorField spec={text('local.auth.username')} />
            <EditorField spec={secret('local.auth.password')} />
          </>
        )}
        {method === 'pubkey' && (
          <>
            <PemField path="local.auth.certificate" />
            <PemField path="local.auth.key" />
            <EditorField spec={secret('local.auth.passphrase')} />
          </>
        )}
        <EditorField spec={text('local.id')} />
        <EditorField spec={text('remote.id')} />
        {method !== 'psk' && <PemField path="remote.anchors" />}
      </div>
    </Card>
  );
}

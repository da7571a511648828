/** The profile editor: simple first, everything else behind one disclosure. */
import { type JSX, useEffect, useMemo, useState } from 'react';
import { useAction } from '../../bridge/action.ts';
import { navigate, useProfiles } from '../../bridge/app-state.ts';
import { bridge } from '../../bridge/bridge.ts';
import { useText } from '../../i18n/text.tsx';
import { type Document, withValue } from '../../model/document.ts';
import { ADVANCED } from '../../model/editor-fields.ts';
import { at, check } from '../../model/profile-check.ts';
import { freeName } from '../../model/profile-name.ts';
import { Button } from '../../parts/button.tsx';
import { Disclosure } from '../../parts/disclosure.tsx';
import { TextField } from '../../parts/fields.tsx';
import { Card, Page } from '../../parts/layout.tsx';
import { FailureNote, Note } from '../../parts/notes.tsx';
import type { ScreenProps } from '../screens.tsx';
import { EditingContext } from './context.ts';
import styles from './editor.module.css';
import { EditorField } from './editor-field.tsx';
import { Networks } from './networks.tsx';
import { ProposalsField } from './proposals-field.tsx';
import { SignIn } from './sign-in.tsx';

const fresh = (name: string): Document => ({
  name,
  gateway: { hosts: '' },
  local: { auth: { psk: '' } },
  esp: { rehearsal: true },
});

function Form({ stored, begun }: { readonly stored: boolean; readonly begun: Document }): JSX.Element {
  const text = useText();
  const [document, setDocument] = useState(begun);
  const [strict, setStrict] = useState(stored);
  const findings = useMemo(() => check(document), [document]);
  const save = useAction(() => bridge.call('profiles.add', { profile: document, replace: stored }));
  const set = (path: string, value: unknown): void => setDocument((before) => withValue(before, path, value));
  const submit = async (connect: boolean): Promise<void> => {
    setStrict(true);
    if (findings.problems.length > 0) return;
    const result = await save.run();
    if (!result) return;
    if (connect) void bridge.call('tunnel.up', { profile: result.name });
    navigate('home', result.name);
  };
  const general = findings.problems.filter(({ path }) => path === '' || path === 'local.auth');
  return (
    <EditingContext value={{ document, findings, strict, set }}>
      <form
        className={styles.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit(false);
        }}
      >
        <Card title={text('editor.gateway')}>
          <div className={styles.grid}>
            <TextField
              label={text('editor.name')}
              hint={text(stored ? 'editor.nameFixed.hint' : 'editor.name.hint')}
              technical
              value={String(document.name ?? '')}
              problem={at(findings.problems, 'name')}
              onChange={(name) => {
                if (!stored) setDocument((before) => ({ ...before, name }));
              }}
            />
            <EditorField spec={{ path: 'gateway.hosts', kind: 'text' }} />
          </div>
        </Card>
        <SignIn />
        <Networks />
        <section>
          <Disclosure label={text('editor.advanced')}>
            <div className={styles.section}>
              <Card title={text('editor.algorithms')}>
                <div className={styles.grid}>
                  <ProposalsField protocol="ike" />
                  <ProposalsField protocol="esp" />
                </div>
                <EditorField spec={{ path: 'allowLegacy', kind: 'switch', fallback: false }} />
              </Card>
              {ADVANCED.map(({ key, fields }) => (
                <Card key={key} title={text(`editor.section.${key}`)}>
                  <div className={styles.grid}>
                    {fields.map((spec) => (
                      <EditorField key={spec.path} spec={spec} />
                    ))}
                  </div>
                </Card>
              ))}
            </div>
          </Disclosure>
        </section>
        {strict && general.length > 0 && (
          <Note tone="red">
            <ul lang="en" dir="ltr">
              {general.map(({ path, message }) => (
                <li key={`${path} ${message}`}>
                  <code>{path}</code> {message}
                </li>
              ))}
            </ul>
          </Note>
        )}
        {save.failure && <FailureNote failure={save.failure} onClose={save.forget} />}
        <div className={styles.actions}>
          <p role="status">
            {strict &&
              findings.problems.length > 0 &&
              text('editor.problems', { count: findings.problems.length })}
          </p>
          <Button onClick={() => navigate('home', stored ? String(document.name) : undefined)}>
            {text('action.cancel')}
          </Button>
          <Button type="submit" busy={save.busy}>
            {text('action.save')}
          </Button>
          <Button kind="primary" busy={save.busy} onClick={() => void submit(true)}>
            {text('import.saveAndConnect')}
          </Button>
        </div>
      </form>
    </EditingContext>
  );
}

/** `subject` is the profile to edit; without it a new one is made. */
export function Editor({ subject }: ScreenProps): JSX.Element {
  const text = useText();
  const taken = useProfiles().map((p) => p.name);
  const [begun, setBegun] = useState(() =>
    subject === undefined ? fresh(freeName('vpn', taken)) : undefined,
  );
  const load = useAction((name: string) => bridge.call('profiles.get', { name }));
  const { run } = load;
  useEffect(() => {
    if (subject === undefined) return;
    void run(subject).then((result) => {
      if (result) setBegun(result.profile);
    });
  }, [subject, run]);
  return (
    <Page
      title={subject === undefined ? text('editor.new') : text('editor.title', { name: subject })}
      lead={text(subject === undefined ? 'editor.newLead' : 'editor.lead')}
    >
      {load.failure && <FailureNote failure={load.failure} />}
      {load.busy && <p role="status">{text('loading')}</p>}
      {begun && <Form stored={subject !== undefined} begun={begun} />}
    </Page>
  );
}

/** What the files held, before anything of it is kept: certificates, whom to trust, how each field was understood. */
import { LockKeyhole } from 'lucide-react';
import { type FormEvent, type JSX, useState } from 'react';
import type { ImportDraft, MappingReportLine, StoreImportParams } from '../../../engine/api/import.ts';
import { useProfiles } from '../../bridge/app-state.ts';
import { useText } from '../../i18n/text.tsx';
import { freeName, isName, proposeName } from '../../model/profile-name.ts';
import type { Tone } from '../../model/tone.ts';
import { Button } from '../../parts/button.tsx';
import { Chip } from '../../parts/chip.tsx';
import { Disclosure } from '../../parts/disclosure.tsx';
import { Check, SelectField, SwitchField, TextField } from '../../parts/fields.tsx';
import { Card } from '../../parts/layout.tsx';
import { Note } from '../../parts/notes.tsx';
import { Certificate } from './certificate.tsx';
import styles from './import.module.css';

const KIND_TONES: Readonly<Record<MappingReportLine['kind'], Tone>> = {
  taken: 'green',
  changed: 'orange',
  unmapped: 'red',
};

/** Most worrying first. */
const KIND_ORDER: readonly MappingReportLine['kind'][] = ['unmapped', 'changed', 'taken'];

function Report({ lines }: { readonly lines: readonly MappingReportLine[] }): JSX.Element {
  const text = useText();
  const sorted = lines.toSorted((a, b) => KIND_ORDER.indexOf(a.kind) - KIND_ORDER.indexOf(b.kind));
  return (
    <div className={styles.scroll}>
      <table className={styles.report}>
        <thead>
          <tr>
            <th scope="col">{text('report.result')}</th>
            <th scope="col">{text('report.foreign')}</th>
            <th scope="col">{text('report.ours')}</th>
            <th scope="col">{text('report.why')}</th>
          </tr>
        </thead>
        <tbody>
          {sorted.map((line, n) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a field may be told of twice
            <tr key={n}>
              <td>
                <Chip tone={KIND_TONES[line.kind]}>{text(`report.${line.kind}`)}</Chip>
              </td>
              <td>
                <code dir="ltr">{line.foreign}</code>
              </td>
              <td>{line.ours !== undefined && <code dir="ltr">{line.ours}</code>}</td>
              <td lang="en">{line.why}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Unlock(props: {
  readonly draft: ImportDraft;
  readonly busy: boolean;
  readonly onUnlock: (passphrase: string) => void;
}): JSX.Element {
  const { draft, busy, onUnlock } = props;
  const text = useText();
  const [passphrase, setPassphrase] = useState('');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onUnlock(passphrase);
  };
  return (
    <Card title={text('import.locked')}>
      <form className={styles.certificates} onSubmit={submit}>
        <p>{text('import.lockedText', { files: draft.locked.join(', ') })}</p>
        <TextField
          label={text('import.passphrase')}
          type="password"
          value={passphrase}
          onChange={setPassphrase}
          autoFocus
          problem={draft.wrongPassphrase ? text('import.wrongPassphrase') : undefined}
          hint={text('import.passphraseHint')}
        />
        <div className={styles.actions}>
          <Button kind="primary" type="submit" icon={LockKeyhole} busy={busy}>
            {text('import.unlock')}
          </Button>
        </div>
      </form>
    </Card>
  );
}

interface LooseLogin {
  readonly eap?: unknown;
  readonly username?: unknown;
}

interface LooseProfile {
  readonly name?: unknown;
  readonly gateway?: { readonly hosts?: unknown };
  readonly local?: { readonly auth?: LooseLogin; readonly auth2?: LooseLogin };
}

export interface PreviewProps {
  readonly draft: ImportDraft;
  /** What the first file is called, for a name. */
  readonly fileName: string;
  readonly busy: boolean;
  readonly onUnlock: (passphrase: string) => void;
  readonly onStore: (choice: Omit<StoreImportParams, 'draft'>, connect: boolean) => void;
  readonly onCancel: () => void;
}

export function Preview(props: PreviewProps): JSX.Element {
  const { draft, fileName, busy, onUnlock, onStore, onCancel } = props;
  const text = useText();
  const taken = useProfiles().map((p) => p.name);
  const [index, setIndex] = useState(0);
  const chosen = draft.profiles[index];
  const document = chosen?.document as LooseProfile | undefined;
  const own = typeof document?.name === 'string' ? document.name : fileName.replace(/\.[^.]*$/, '');
  const [name, setName] = useState<string>();
  const [leaf, setLeaf] = useState(draft.leaves[0]?.fingerprint);
  const [distrusted, setDistrusted] = useState<readonly string[]>([]);
  const [gateway, setGateway] = useState('');
  const [remoteId, setRemoteId] = useState('');
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [replace, setReplace] = useState(false);
  const [tried, setTried] = useState(false);

  const shownName = name ?? freeName(proposeName(own), taken);
  const bundle = draft.profiles.length === 0;
  const login = [document?.local?.auth, document?.local?.auth2].find((auth) => auth?.eap !== undefined);
  const isEap = login !== undefined;
  const exists = taken.includes(shownName);
  const nameProblem = !isName(shownName)
    ? text('import.nameProblem')
    : exists && !replace
      ? text('import.nameTaken')
      : undefined;
  const gatewayProblem = tried && bundle && gateway.trim() === '' ? text('import.gatewayMissing') : undefined;
  const usable = draft.leaves.length > 0 || draft.anchors.length > 0 || !bundle;

  const store = (connect: boolean): void => {
    setTried(true);
    if (nameProblem !== undefined || (bundle && gateway.trim() === '')) return;
    const trust = draft.anchors.map((a) => a.fingerprint).filter((f) => !distrusted.includes(f));
    onStore(
      {
        name: shownName,
        ...(bundle ? {} : { profile: index }),
        ...(leaf === undefined ? {} : { leaf }),
        ...(draft.anchors.length === 0 ? {} : { trust }),
        ...(gateway.trim() === '' ? {} : { gateway: gateway.trim() }),
        ...(remoteId.trim() === '' ? {} : { remoteId: remoteId.trim() }),
        ...(username === '' ? {} : { username }),
        ...(password === '' ? {} : { password }),
        ...(exists ? { replace: true } : {}),
      },
      connect,
    );
  };

  return (
    <>
      {draft.locked.length > 0 && <Unlock draft={draft} busy={busy} onUnlock={onUnlock} />}
      {draft.notes.length > 0 && (
        <Note tone="orange">
          <ul lang="en" dir="ltr">
            {draft.notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        </Note>
      )}
      {draft.leaves.length > 0 && (
        <Card title={text('import.leaves', { count: draft.leaves.length })}>
          <ul className={styles.certificates}>
            {draft.leaves.map((certificate) => (
              <Certificate
                key={certificate.fingerprint}
                certificate={certificate}
                chosen={certificate.fingerprint === leaf}
                choice={
                  draft.leaves.length > 1 && (
                    <Check
                      kind="radio"
                      name="leaf"
                      label={<span className="hidden">{certificate.subject}</span>}
                      value={certificate.fingerprint === leaf}
                      onChange={() => setLeaf(certificate.fingerprint)}
                    />
                  )
                }
              />
            ))}
          </ul>
        </Card>
      )}
      {draft.anchors.length > 0 && (
        <Card title={text('import.anchors')}>
          <p>{text('import.anchorsText')}</p>
          <ul className={styles.certificates}>
            {draft.anchors.map((certificate) => {
              const { fingerprint } = certificate;
              const trusted = !distrusted.includes(fingerprint);
              return (
                <Certificate
                  key={fingerprint}
                  certificate={certificate}
                  chosen={trusted}
                  choice={
                    <Check
                      label={
                        <span className="hidden">{text('import.trust', { name: certificate.subject })}</span>
                      }
                      value={trusted}
                      onChange={(on) =>
                        setDistrusted(
                          on ? distrusted.filter((f) => f !== fingerprint) : [...distrusted, fingerprint],
                        )
                      }
                    />
                  }
                />
              );
            })}
          </ul>
        </Card>
      )}
      {draft.chain.length > 0 && (
        <Card title={text('import.chain')}>
          <ul className={styles.certificates}>
            {draft.chain.map((certificate) => (
              <Certificate key={certificate.fingerprint} certificate={certificate} />
            ))}
          </ul>
        </Card>
      )}
      {chosen && (
        <Card title={text('import.report')} mark={<bdi lang="en">{chosen.format}</bdi>}>
          {draft.profiles.length > 1 && (
            <SelectField
              label={text('import.which')}
              value={String(index)}
              choices={draft.profiles.map((profile, n) => ({
                value: String(n),
                label: String((profile.document as LooseProfile).name ?? n + 1),
              }))}
              onChange={(value) => setIndex(Number(value))}
            />
          )}
          <p>
            {text('import.reportSummary', {
              taken: chosen.report.filter((l) => l.kind === 'taken').length,
              changed: chosen.report.filter((l) => l.kind === 'changed').length,
              unmapped: chosen.report.filter((l) => l.kind === 'unmapped').length,
            })}
          </p>
          <Disclosure
            label={text('import.reportAll')}
            open={chosen.report.some((line) => line.kind !== 'taken')}
          >
            <Report lines={chosen.report} />
          </Disclosure>
        </Card>
      )}
      {usable && draft.locked.length === 0 && (
        <Card title={text('import.finish')}>
          <div className={styles.form}>
            <TextField
              label={text('import.name')}
              value={shownName}
              onChange={setName}
              technical
              problem={nameProblem}
              hint={text('import.nameHint')}
            />
            {bundle && (
              <>
                <TextField
                  label={text('import.gateway')}
                  value={gateway}
                  onChange={setGateway}
                  technical
                  placeholder="vpn.example.org"
                  problem={gatewayProblem}
                  hint={text('import.gatewayHint')}
                />
                <TextField
                  label={text('import.remoteId')}
                  optional
                  value={remoteId}
                  onChange={setRemoteId}
                  technical
                  hint={text('import.remoteIdHint')}
                />
              </>
            )}
            {(isEap || (bundle && draft.leaves.length === 0)) && (
              <>
                <TextField
                  label={text('import.username')}
                  optional={login?.username !== undefined}
                  value={username}
                  onChange={setUsername}
                  technical
                  hint={text('import.usernameHint')}
                />
                <TextField
                  label={text('import.password')}
                  optional
                  type="password"
                  value={password}
                  onChange={setPassword}
                  hint={text('import.passwordHint')}
                />
              </>
            )}
          </div>
          {exists && (
            <SwitchField
              label={text('import.replace')}
              hint={text('import.replaceHint')}
              value={replace}
              onChange={setReplace}
            />
          )}
        </Card>
      )}
      <div className={styles.actions}>
        <Button onClick={onCancel}>{text('action.cancel')}</Button>
        {usable && draft.locked.length === 0 && (
          <>
            <Button busy={busy} onClick={() => store(false)}>
              {text('action.save')}
            </Button>
            <Button kind="primary" busy={busy} onClick={() => store(true)}>
              {text('import.saveAndConnect')}
            </Button>
          </>
        )}
      </div>
    </>
  );
}

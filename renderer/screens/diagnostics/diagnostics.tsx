/** Diagnostics: what the doctor says of a profile, a redacted bundle for support, and repair of this computer. */
import { Download, Stethoscope, Wrench, X } from 'lucide-react';
import { type JSX, useState } from 'react';
import type { DoctorReport, Verdict } from '../../../engine/api/doctor.ts';
import { useAction } from '../../bridge/action.ts';
import { useApp, useProfiles } from '../../bridge/app-state.ts';
import { bridge } from '../../bridge/bridge.ts';
import { useText } from '../../i18n/text.tsx';
import { useUnits } from '../../i18n/units.ts';
import { base64Of } from '../../model/files.ts';
import type { Tone } from '../../model/tone.ts';
import { Button } from '../../parts/button.tsx';
import { Chip } from '../../parts/chip.tsx';
import { Check, SelectField } from '../../parts/fields.tsx';
import { Card, Page } from '../../parts/layout.tsx';
import { FailureNote, Note } from '../../parts/notes.tsx';
import type { ScreenProps } from '../screens.tsx';
import styles from './diagnostics.module.css';

const TONES: Readonly<Record<Verdict, Tone>> = {
  pass: 'green',
  warn: 'orange',
  fail: 'red',
  skipped: 'grey',
};
const VERDICTS: readonly Verdict[] = ['fail', 'warn', 'pass', 'skipped'];

function Report({ report }: { readonly report: DoctorReport }): JSX.Element {
  const text = useText();
  const units = useUnits();
  const sorted = report.checks.toSorted((a, b) => VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict));
  return (
    <>
      <p role="status">{text('doctor.done', { name: report.name, time: units.moment(report.time) })}</p>
      <p className={styles.summary}>
        {VERDICTS.map((verdict) => {
          const count = report.checks.filter((check) => check.verdict === verdict).length;
          return count === 0 ? null : (
            <Chip key={verdict} tone={TONES[verdict]}>
              {text(`doctor.count.${verdict}`, { count })}
            </Chip>
          );
        })}
      </p>
      <ul className={styles.checks}>
        {sorted.map((check) => (
          <li key={check.id} className={styles.check}>
            <span>
              <Chip tone={TONES[check.verdict]}>{text(`doctor.${check.verdict}`)}</Chip>
            </span>
            <div className={styles.body} lang="en" dir="ltr">
              <h3>{check.title}</h3>
              <p>{check.text}</p>
              {check.advice.length > 0 && (
                <ul>
                  {check.advice.map((line) => (
                    <li key={line}>{line}</li>
                  ))}
                </ul>
              )}
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}

function Doctor({ subject }: { readonly subject: string | undefined }): JSX.Element {
  const text = useText();
  const profiles = useProfiles();
  const [name, setName] = useState(subject);
  const [online, setOnline] = useState(false);
  const [connect, setConnect] = useState(false);
  const [report, setReport] = useState<DoctorReport>();
  const chosen = profiles.find((p) => p.name === name)?.name ?? profiles[0]?.name;
  const examine = useAction((of: string) =>
    bridge.call('profiles.doctor', {
      name: of,
      ...(online ? { online } : {}),
      ...(connect ? { connect } : {}),
    }),
  );
  const begin = async (): Promise<void> => {
    if (chosen === undefined) return;
    setReport(undefined);
    const result = await examine.run(chosen);
    if (result) setReport(result);
  };
  return (
    <Card title={text('doctor.title')}>
      <p>{text('doctor.text')}</p>
      {chosen === undefined ? (
        <p>{text('doctor.noProfiles')}</p>
      ) : (
        <div className={styles.tools}>
          <SelectField
            label={text('doctor.profile')}
            value={chosen}
            choices={profiles.map((p) => ({ value: p.name, label: p.name }))}
            onChange={setName}
          />
          <Check label={text('doctor.online')} value={online} onChange={setOnline} />
          <Check label={text('doctor.connect')} value={connect} onChange={setConnect} />
          <Button kind="primary" icon={Stethoscope} busy={examine.busy} onClick={() => void begin()}>
            {text('doctor.begin')}
          </Button>
          {examine.busy && (
            <Button icon={X} onClick={examine.forget}>
              {text('action.cancel')}
            </Button>
          )}
        </div>
      )}
      {examine.busy && <p role="status">{text('doctor.busy')}</p>}
      {examine.failure && <FailureNote failure={examine.failure} onClose={examine.forget} />}
      {report && <Report report={report} />}
    </Card>
  );
}

function Repair(): JSX.Element {
  const text = useText();
  const recovered = useApp((s) => s.snapshot?.engine.recovered) ?? [];
  const [changes, setChanges] = useState<readonly string[]>();
  const repair = useAction(() => bridge.call('host.repair', {}));
  const begin = async (): Promise<void> => {
    const result = await repair.run();
    if (result) setChanges(result.changes);
  };
  return (
    <Card
      title={text('repair.title')}
      actions={
        <Button icon={Wrench} busy={repair.busy} onClick={() => void begin()}>
          {text('repair.begin')}
        </Button>
      }
    >
      <p>{text('repair.text')}</p>
      {repair.failure && <FailureNote failure={repair.failure} onClose={repair.forget} />}
      {changes && (
        <Note tone="green">
          <p role="status">{text('repair.done', { count: changes.length })}</p>
          {changes.length > 0 && (
            <ul className={styles.lines} lang="en" dir="ltr">
              {changes.map((change) => (
                <li key={change}>{change}</li>
              ))}
            </ul>
          )}
        </Note>
      )}
      {recovered.length > 0 && (
        <>
          <h3>{text('repair.recovered')}</h3>
          <ul className={styles.lines} lang="en" dir="ltr">
            {recovered.map((change) => (
              <li key={change}>{change}</li>
            ))}
          </ul>
        </>
      )}
    </Card>
  );
}

function Bundle(): JSX.Element {
  const text = useText();
  const [mask, setMask] = useState(true);
  const [saved, setSaved] = useState(false);
  const save = useAction(async () => {
    const bundle = await bridge.call('diagnose.bundle', { mask });
    if (!bundle.ok) return bundle;
    const content = await base64Of(new Blob([`${JSON.stringify(bundle.value, null, 2)}\n`]));
    return bridge.saveFile({ name: 'culvert-diagnosis.json', content });
  });
  const begin = async (): Promise<void> => {
    setSaved(false);
    setSaved((await save.run()) === true);
  };
  return (
    <Card title={text('bundle.title')}>
      <p>{text('bundle.text')}</p>
      <div className={styles.tools}>
        <Check label={text('bundle.mask')} value={mask} onChange={setMask} />
        <Button icon={Download} busy={save.busy} onClick={() => void begin()}>
          {text('bundle.begin')}
        </Button>
      </div>
      {save.failure && <FailureNote failure={save.failure} onClose={save.forget} />}
      {saved && <p role="status">{text('bundle.done')}</p>}
    </Card>
  );
}

export function Diagnostics({ subject }: ScreenProps): JSX.Element {
  const text = useText();
  return (
    <Page title={text('nav.diagnostics')} lead={text('diagnostics.lead')}>
      <Doctor subject={subject} />
      <Bundle />
      <Repair />
    </Page>
  );
}

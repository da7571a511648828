/** The engine's log, live: by level and subject, searched, followed, copied. */
import { ArrowDownToLine, Check, Copy, Download } from 'lucide-react';
import { type JSX, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { LogLine } from '../../../engine/api/events.ts';
import { useAction } from '../../bridge/action.ts';
import { useApp, useTunnels } from '../../bridge/app-state.ts';
import { bridge } from '../../bridge/bridge.ts';
import { useText } from '../../i18n/text.tsx';
import { useUnits } from '../../i18n/units.ts';
import { base64Of } from '../../model/files.ts';
import {
  appendLines,
  LEVELS,
  type Level,
  type LogFilter,
  lineText,
  passes,
  plainLine,
  SUBJECTS,
  type Subject,
} from '../../model/log-filter.ts';
import type { Tone } from '../../model/tone.ts';
import { Button } from '../../parts/button.tsx';
import { SelectField, SwitchField, TextField } from '../../parts/fields.tsx';
import { Page } from '../../parts/layout.tsx';
import { FailureNote, Note } from '../../parts/notes.tsx';
import type { ScreenProps } from '../screens.tsx';
import styles from './log.module.css';

const MOST = 2000;
const TONES: Readonly<Record<Level, Tone>> = { debug: 'grey', info: 'green', warn: 'orange', error: 'red' };

/** The lines since the screen was opened, and those before that the engine still has. */
function useLog(): { readonly lines: readonly LogLine[]; readonly missed: number } {
  const [lines, setLines] = useState<readonly LogLine[]>([]);
  const [missed, setMissed] = useState(0);
  useEffect(() => {
    const stop = bridge.on('log', (log) => {
      setLines((before) => appendLines(before, log.lines, MOST));
      setMissed((before) => before + log.missed);
    });
    void bridge.followLog(true);
    return () => {
      stop();
      void bridge.followLog(false);
    };
  }, []);
  return { lines, missed };
}

const clock = (iso: string): string => iso.slice(11, 23);

export function Log({ subject }: ScreenProps): JSX.Element {
  const text = useText();
  const units = useUnits();
  const tunnels = useTunnels();
  const chosenLevel = useApp((s) => s.settings.logLevel);
  const { lines, missed } = useLog();
  const [filter, setFilter] = useState<LogFilter>({
    level: chosenLevel,
    subject: 'all',
    tunnel: subject ?? '',
    words: '',
  });
  const [follow, setFollow] = useState(true);
  const shown = useMemo(() => lines.filter((line) => passes(line, filter)), [lines, filter]);
  const box = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is shown decides how far down the end is
  useLayoutEffect(() => {
    const element = box.current;
    if (follow && element) element.scrollTop = element.scrollHeight;
  }, [shown, follow]);
  const whole = (): string => `${shown.map(plainLine).join('\n')}\n`;
  const copy = useAction(() => bridge.copy(whole()));
  const [copied, setCopied] = useState(false);
  const copyAll = async (): Promise<void> => setCopied((await copy.run()) === true);
  const save = useAction(async () =>
    bridge.saveFile({
      name: 'culvert.log',
      content: await base64Of(new Blob([whole()])),
    }),
  );
  const change = (part: Partial<LogFilter>): void => {
    setCopied(false);
    setFilter((before) => ({ ...before, ...part }));
  };
  return (
    <Page
      title={text('log.title')}
      lead={text('log.lead')}
      actions={
        <>
          <Button icon={copied ? Check : Copy} busy={copy.busy} onClick={() => void copyAll()}>
            {text(copied ? 'action.copied' : 'action.copy')}
          </Button>
          <Button icon={Download} busy={save.busy} onClick={() => void save.run()}>
            {text('action.saveFile')}
          </Button>
        </>
      }
    >
      {copy.failure && <FailureNote failure={copy.failure} onClose={copy.forget} />}
      {save.failure && <FailureNote failure={save.failure} onClose={save.forget} />}
      <div className={styles.tools}>
        <TextField
          label={text('log.search')}
          value={filter.words}
          placeholder={text('log.searchHint')}
          onChange={(words) => change({ words })}
        />
        <SelectField
          label={text('log.level')}
          value={filter.level}
          choices={LEVELS.map((value) => ({ value, label: text(`level.${value}`) }))}
          onChange={(level: Level) => change({ level })}
        />
        <SelectField
          label={text('log.subject')}
          value={filter.subject}
          choices={SUBJECTS.map((value) => ({ value, label: text(`log.subject.${value}`) }))}
          onChange={(chosen: Subject) => change({ subject: chosen })}
        />
        <SelectField
          label={text('log.tunnel')}
          value={filter.tunnel}
          choices={[
            { value: '', label: text('log.everyTunnel') },
            ...tunnels.map(({ name }) => ({ value: name, label: name })),
          ]}
          onChange={(tunnel) => change({ tunnel })}
        />
      </div>
      {missed > 0 && (
        <Note tone="orange">
          <p>{text('log.missed', { count: missed })}</p>
        </Note>
      )}
      <div
        ref={box}
        className={styles.lines}
        role="log"
        aria-label={text('log.title')}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        tabIndex={0}
        dir="ltr"
      >
        {shown.map((line) => (
          <div key={line.sequence} className={styles.line} data-tone={TONES[line.level]}>
            <span className={styles.time}>{clock(line.time)}</span>
            <span className={styles.level}>{line.level.toUpperCase()}</span>
            <span className={styles.message}>{lineText(line)}</span>
          </div>
        ))}
      </div>
      <div className={styles.tail}>
        <span role="status">
          {text('log.count', { shown: units.count(shown.length), all: units.count(lines.length) })}
        </span>
        <SwitchField label={text('log.follow')} value={follow} onChange={setFollow} />
        {!follow && (
          <Button icon={ArrowDownToLine} kind="ghost" onClick={() => setFollow(true)}>
            {text('log.toEnd')}
          </Button>
        )}
      </div>
    </Page>
  );
}

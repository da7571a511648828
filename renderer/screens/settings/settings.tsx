/** Settings of the window and the shell; what concerns a tunnel is in its profile. */
import type { JSX } from 'react';
import type { Settings } from '../../../electron/bridge/contract.ts';
import { useAction } from '../../bridge/action.ts';
import { useApp } from '../../bridge/app-state.ts';
import { bridge } from '../../bridge/bridge.ts';
import { LANGUAGE_NAMES, useText } from '../../i18n/text.tsx';
import { LEVELS } from '../../model/log-filter.ts';
import { type Choice, SelectField, SwitchField } from '../../parts/fields.tsx';
import { Card, Fact, Facts, Page, Technical } from '../../parts/layout.tsx';
import { FailureNote } from '../../parts/notes.tsx';
import styles from './settings.module.css';

export function SettingsScreen(): JSX.Element {
  const text = useText();
  const settings = useApp((s) => s.settings);
  const about = useApp((s) => s.about);
  const engine = useApp((s) => s.snapshot?.engine);
  const save = useAction((change: Partial<Settings>) => bridge.setSettings(change));
  const set = (change: Partial<Settings>): void => void save.run(change);
  const languages: readonly Choice<Settings['language']>[] = [
    { value: 'system', label: text('settings.asSystem') },
    ...Object.entries(LANGUAGE_NAMES).map(([value, label]) => ({
      value: value as Settings['language'],
      label,
    })),
  ];
  const named = <T extends string>(
    prefix: 'appearance' | 'notifications',
    values: readonly T[],
  ): Choice<T>[] =>
    values.map((value) => ({
      value,
      label: text(`settings.${prefix}.${value}` as 'settings.appearance.dark'),
    }));
  return (
    <Page title={text('settings.title')}>
      {save.failure && <FailureNote failure={save.failure} onClose={save.forget} />}
      <Card title={text('settings.window')}>
        <div className={styles.rows}>
          <SelectField
            label={text('settings.language')}
            hint={text('settings.languageHint')}
            value={settings.language}
            choices={languages}
            onChange={(language) => set({ language })}
          />
          <SelectField
            label={text('settings.appearance')}
            hint={text('settings.appearanceHint')}
            value={settings.appearance}
            choices={named('appearance', ['system', 'light', 'dark'] as const)}
            onChange={(appearance) => set({ appearance })}
          />
        </div>
      </Card>
      {about?.hasShell && (
        <Card title={text('settings.shell')}>
          <div className={styles.rows}>
            <SwitchField
              label={text('settings.startAtLogin')}
              hint={text('settings.startAtLoginHint')}
              value={settings.startAtLogin}
              onChange={(startAtLogin) => set({ startAtLogin })}
            />
            <SelectField
              label={text('settings.notifications')}
              hint={text('settings.notificationsHint')}
              value={settings.notifications}
              choices={named('notifications', ['none', 'problems', 'all'] as const)}
              onChange={(notifications) => set({ notifications })}
            />
          </div>
        </Card>
      )}
      <Card title={text('settings.logging')}>
        <div className={styles.rows}>
          <SelectField
            label={text('settings.logLevel')}
            hint={text('settings.logLevelHint')}
            value={settings.logLevel}
            choices={LEVELS.map((value) => ({ value, label: text(`level.${value}`) }))}
            onChange={(logLevel) => set({ logLevel })}
          />
        </div>
      </Card>
      <Card title={text('settings.about')}>
        <Facts>
          <Fact name={text('settings.version')}>
            <Technical>{about?.version ?? '–'}</Technical>
          </Fact>
          {engine && (
            <>
              <Fact name={text('settings.engineVersion')}>
                <Technical>
                  {engine.version === '' ? '–' : engine.version} · API {engine.api.major}.{engine.api.minor}
                </Technical>
              </Fact>
              <Fact name={text('settings.privileges')}>
                {text(engine.privileged ? 'settings.privileged' : 'settings.unprivileged')}
              </Fact>
              <Fact name={text('settings.socket')}>
                <Technical>{engine.socket}</Technical>
              </Fact>
              <Fact name={text('settings.state')}>
                <Technical>{engine.stateFolder}</Technical>
              </Fact>
            </>
          )}
        </Facts>
      </Card>
    </Page>
  );
}

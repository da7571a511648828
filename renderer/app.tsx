/** The window: navigation, the state of the engine, and one screen. */
import {
  Activity,
  ArrowLeftRight,
  FileInput,
  House,
  type LucideIcon,
  Menu as MenuIcon,
  ScrollText,
  Settings as SettingsIcon,
  Stethoscope,
} from 'lucide-react';
import { type JSX, useEffect, useState } from 'react';
import type { Screen } from '../electron/bridge/contract.ts';
import styles from './app.module.css';
import { navigate, useApp } from './bridge/app-state.ts';
import { EngineBanner } from './engine-banner.tsx';
import { useText } from './i18n/text.tsx';
import { KillSwitchBanner } from './kill-switch-banner.tsx';
import { Mark } from './parts/arch.tsx';
import { IconButton } from './parts/button.tsx';
import { Dot } from './parts/chip.tsx';
import { SCREENS } from './screens/screens.tsx';

const NAVIGATION: readonly (readonly [Screen, LucideIcon])[] = [
  ['home', House],
  ['status', Activity],
  ['negotiation', ArrowLeftRight],
  ['import', FileInput],
  ['log', ScrollText],
  ['diagnostics', Stethoscope],
  ['settings', SettingsIcon],
];

/** Follows the setting; the system's own choice is the style sheet's. */
function useAppearance(): void {
  const appearance = useApp((s) => s.settings.appearance);
  useEffect(() => {
    const { dataset } = document.documentElement;
    if (appearance === 'system') delete dataset.appearance;
    else dataset.appearance = appearance;
  }, [appearance]);
}

function EngineState(): JSX.Element {
  const text = useText();
  const kind = useApp((s) => s.engine.kind);
  const version = useApp((s) => s.snapshot?.engine.version);
  const tone = kind === 'connected' ? 'green' : kind === 'connecting' ? 'orange' : 'red';
  return (
    <p className={styles.engine}>
      <Dot tone={tone} />
      <span>
        {text(`engine.${kind}`)}
        {kind === 'connected' && version !== undefined && version !== '' && <> · {version}</>}
      </span>
    </p>
  );
}

export function App(): JSX.Element {
  const text = useText();
  const screen = useApp((s) => s.screen);
  const subject = useApp((s) => s.subject);
  const [open, setOpen] = useState(false);
  useAppearance();
  const CurrentScreen = SCREENS[screen];
  return (
    <div className={styles.app}>
      <a className={styles.skip} href="#main">
        {text('nav.skip')}
      </a>
      <header className={styles.side} data-open={open || undefined}>
        <div className={styles.brand}>
          <Mark size={30} />
          <span>Culvert</span>
          <div className={styles.menuButton}>
            <IconButton
              icon={MenuIcon}
              label={text('nav.menu')}
              aria-expanded={open}
              onClick={() => setOpen(!open)}
            />
          </div>
        </div>
        <nav className={styles.nav} aria-label={text('nav.label')}>
          <ul>
            {NAVIGATION.map(([name, Icon]) => (
              <li key={name}>
                <button
                  type="button"
                  className={styles.navItem}
                  aria-current={
                    screen === name || (name === 'home' && screen === 'editor') ? 'page' : undefined
                  }
                  onClick={() => {
                    setOpen(false);
                    navigate(name);
                  }}
                >
                  <Icon aria-hidden />
                  {text(`nav.${name as Exclude<Screen, 'editor'>}`)}
                </button>
              </li>
            ))}
          </ul>
        </nav>
        <EngineState />
      </header>
      <main className={styles.main} id="main" tabIndex={-1}>
        <div className={styles.banner}>
          <EngineBanner />
          <KillSwitchBanner />
        </div>
        <CurrentScreen key={`${screen} ${subject ?? ''}`} subject={subject} />
      </main>
    </div>
  );
}

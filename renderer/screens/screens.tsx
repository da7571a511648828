/** Every screen by its name. All but the first come when they are wanted. */
import { type ComponentType, type JSX, lazy, Suspense } from 'react';
import type { Screen } from '../../electron/bridge/contract.ts';
import { useText } from '../i18n/text.tsx';
import { Home } from './home/home.tsx';

export interface ScreenProps {
  /** The profile or tunnel that it is about. */
  readonly subject: string | undefined;
}

function later(load: () => Promise<ComponentType<ScreenProps>>): (props: ScreenProps) => JSX.Element {
  const Lazy = lazy(async () => ({ default: await load() }));
  return function Later(props) {
    const text = useText();
    return (
      <Suspense fallback={<p role="status">{text('loading')}</p>}>
        <Lazy {...props} />
      </Suspense>
    );
  };
}

export const SCREENS: Readonly<Record<Screen, ComponentType<ScreenProps>>> = {
  home: Home,
  status: later(async () => (await import('./status/status.tsx')).Status),
  import: later(async () => (await import('./import/import.tsx')).Import),
  editor: later(async () => (await import('./editor/editor.tsx')).Editor),
  negotiation: later(async () => (await import('./negotiation/negotiation.tsx')).Negotiation),
  log: later(async () => (await import('./log/log.tsx')).Log),
  diagnostics: later(async () => (await import('./diagnostics/diagnostics.tsx')).Diagnostics),
  settings: later(async () => (await import('./settings/settings.tsx')).SettingsScreen),
};

/** Which of several tunnels a screen is about. */
import { type JSX, useId } from 'react';
import type { Screen } from '../../electron/bridge/contract.ts';
import { navigate, useTunnels } from '../bridge/app-state.ts';
import { useText } from '../i18n/text.tsx';
import styles from './controls.module.css';

export interface TunnelPickerProps {
  readonly screen: Screen;
  readonly chosen: string;
}

export function TunnelPicker({ screen, chosen }: TunnelPickerProps): JSX.Element | null {
  const text = useText();
  const tunnels = useTunnels();
  const id = useId();
  if (tunnels.length < 2) return null;
  return (
    <div>
      <label className="hidden" htmlFor={id}>
        {text('picker.tunnel')}
      </label>
      <select
        id={id}
        className={styles.input}
        value={chosen}
        onChange={(event) => navigate(screen, event.target.value)}
      >
        {tunnels.map(({ name }) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </div>
  );
}

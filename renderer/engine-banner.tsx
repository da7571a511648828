/** What stands above every screen while the engine cannot be used, and what to do about it. */
import { Download, type LucideIcon, Play, Power } from 'lucide-react';
import type { JSX } from 'react';
import type { Offer } from '../electron/bridge/contract.ts';
import { useAction } from './bridge/action.ts';
import { useApp } from './bridge/app-state.ts';
import { bridge } from './bridge/bridge.ts';
import { useText } from './i18n/text.tsx';
import { Button } from './parts/button.tsx';
import { FailureNote, Note } from './parts/notes.tsx';

const ICONS: Readonly<Record<Exclude<Offer, 'none'>, LucideIcon>> = {
  install: Download,
  enable: Power,
  start: Play,
};

export function EngineBanner(): JSX.Element | null {
  const text = useText();
  const engine = useApp((s) => s.engine);
  const start = useAction(() => bridge.startEngine());
  if (engine.kind === 'connected') return null;
  if (engine.kind === 'connecting')
    return (
      <p role="status" className="hidden">
        {text('engine.connecting')}
      </p>
    );
  return (
    <Note tone={engine.kind === 'refused' ? 'red' : 'orange'} alert>
      <h2>{text(`banner.${engine.kind}`)}</h2>
      <p>{text(engine.kind === 'refused' ? 'banner.refusedText' : 'banner.notRunningText')}</p>
      <p lang="en" dir="ltr">
        <code>{engine.reason}</code>
      </p>
      {engine.kind === 'not-running' && engine.offer !== 'none' && (
        <>
          <p>{text(`banner.about.${engine.offer}`)}</p>
          <div>
            <Button
              kind="primary"
              icon={ICONS[engine.offer]}
              busy={start.busy}
              onClick={() => void start.run()}
            >
              {text(`banner.${engine.offer}`)}
            </Button>
          </div>
        </>
      )}
      {start.failure && <FailureNote failure={start.failure} onClose={start.forget} />}
    </Note>
  );
}

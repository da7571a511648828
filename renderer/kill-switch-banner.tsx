/** What a kill switch blocks now, and the way out: nobody should have to guess why nothing works. */
import { LockOpen } from 'lucide-react';
import type { JSX } from 'react';
import { useAction } from './bridge/action.ts';
import { useApp } from './bridge/app-state.ts';
import { bridge } from './bridge/bridge.ts';
import { useText } from './i18n/text.tsx';
import { Button } from './parts/button.tsx';
import { FailureNote, Note } from './parts/notes.tsx';

export function KillSwitchBanner(): JSX.Element | null {
  const text = useText();
  const killSwitch = useApp((s) => s.snapshot?.killSwitch);
  const release = useAction(() => bridge.call('host.release', {}));
  const blocking = killSwitch?.guards.find((guard) => guard.blocking);
  if (!killSwitch?.closed && !blocking) return null;
  return (
    <Note tone="orange" alert>
      <h2>
        {blocking ? text('killSwitch.blocking', { name: blocking.profile }) : text('killSwitch.closed')}
      </h2>
      <p>
        {blocking
          ? text('killSwitch.blockingText', { protects: blocking.protects.join(', ') })
          : text('killSwitch.closedText')}
      </p>
      <div>
        <Button icon={LockOpen} busy={release.busy} onClick={() => void release.run()}>
          {text('killSwitch.release')}
        </Button>
      </div>
      {release.failure && <FailureNote failure={release.failure} onClose={release.forget} />}
    </Note>
  );
}

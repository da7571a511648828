/** Home: the profiles, one of them large, and one button to connect it. */
import { FileInput, Plus } from 'lucide-react';
import { type JSX, useState } from 'react';
import type { ProfileSummary, TunnelSnapshot } from '../../../engine/api/snapshot.ts';
import { navigate, useApp, useProfiles, useTunnels } from '../../bridge/app-state.ts';
import { useText } from '../../i18n/text.tsx';
import { Arch } from '../../parts/arch.tsx';
import { Button } from '../../parts/button.tsx';
import { Empty, Page } from '../../parts/layout.tsx';
import { Hero } from './hero.tsx';
import styles from './home.module.css';
import { ProfileRow } from './profile-row.tsx';
import { Prompt } from './prompt.tsx';

/** The one that the user chose, else one that is in use, else the first. */
function chosenProfile(
  profiles: readonly ProfileSummary[],
  tunnels: readonly TunnelSnapshot[],
  wanted: string | undefined,
): ProfileSummary | undefined {
  const inUse = tunnels.find((t) => t.state !== 'CREATED') ?? tunnels.find((t) => t.lastFailure);
  const names = [wanted, inUse?.profile];
  return names.map((name) => profiles.find((p) => p.name === name)).find((p) => p) ?? profiles[0];
}

/** While the engine has not said yet what there is. */
function Waiting(): JSX.Element {
  const text = useText();
  const engine = useApp((s) => s.engine.kind);
  return (
    <Empty
      picture={
        <div style={{ inlineSize: '12rem' }}>
          <Arch tone={engine === 'connecting' ? 'orange' : 'grey'} />
        </div>
      }
      title={text(engine === 'connecting' ? 'home.waiting' : 'home.noEngine')}
      text={text(engine === 'connecting' ? 'home.waitingText' : 'home.noEngineText')}
    />
  );
}

export function Home({ subject }: { readonly subject: string | undefined }): JSX.Element {
  const text = useText();
  const profiles = useProfiles();
  const tunnels = useTunnels();
  const known = useApp((s) => s.snapshot !== undefined);
  const [wanted, setWanted] = useState(subject);
  const chosen = chosenProfile(profiles, tunnels, wanted);
  const tunnelOf = (name: string): TunnelSnapshot | undefined => tunnels.find((t) => t.profile === name);
  const asking = tunnels.find((t) => t.prompt);
  const actions = (
    <>
      <Button icon={Plus} onClick={() => navigate('editor')}>
        {text('home.new')}
      </Button>
      <Button icon={FileInput} onClick={() => navigate('import')}>
        {text('home.import')}
      </Button>
    </>
  );
  if (!known)
    return (
      <Page title={text('home.title')}>
        <Waiting />
      </Page>
    );
  if (!chosen)
    return (
      <Page title={text('home.title')}>
        <Empty
          picture={
            <div style={{ inlineSize: '14rem' }}>
              <Arch tone="grey" />
            </div>
          }
          title={text('home.empty')}
          text={text('home.emptyText')}
          actions={actions}
        />
      </Page>
    );
  return (
    <Page title={text('home.title')} actions={actions}>
      <Hero profile={chosen} tunnel={tunnelOf(chosen.name)} />
      {profiles.length > 1 && (
        <section aria-label={text('home.profiles')}>
          <ul className={styles.profiles}>
            {profiles.map((profile) => (
              <ProfileRow
                key={profile.name}
                profile={profile}
                tunnel={tunnelOf(profile.name)}
                chosen={profile.name === chosen.name}
                onChoose={() => setWanted(profile.name)}
              />
            ))}
          </ul>
        </section>
      )}
      {asking?.prompt && <Prompt key={asking.prompt.id} tunnel={asking.name} prompt={asking.prompt} />}
    </Page>
  );
}

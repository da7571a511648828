/** Something that is there when it is asked for. */
import { ChevronRight } from 'lucide-react';
import { Collapsible } from 'radix-ui';
import { type JSX, type ReactNode, useState } from 'react';
import styles from './parts.module.css';

export interface DisclosureProps {
  readonly label: string;
  readonly open?: boolean;
  readonly children: ReactNode;
}

export function Disclosure({ label, open = false, children }: DisclosureProps): JSX.Element {
  const [shown, setShown] = useState(open);
  return (
    <Collapsible.Root open={shown} onOpenChange={setShown}>
      <Collapsible.Trigger className={styles.disclosure}>
        <ChevronRight className={`${styles.chevron} flip`} aria-hidden />
        {label}
      </Collapsible.Trigger>
      <Collapsible.Content>{children}</Collapsible.Content>
    </Collapsible.Root>
  );
}

/** Status of one tunnel. */
import type { Locator } from 'playwright-core';
import { WindowPage } from './window.ts';

export class StatusPage extends WindowPage {
  card(title: string): Locator {
    return this.main.getByRole('region', { name: title, exact: true });
  }

  /** The CHILD_SA in use, not the one that a rekey replaced. */
  child(name: string): Locator {
    return this.card(`CHILD_SA ${name}`).filter({ hasText: 'INSTALLED' });
  }

  /** The lifetime bar of the IKE SA or a CHILD_SA. */
  lifetime(title: string): Locator {
    return this.main.getByRole('meter', { name: `Lifetime of ${title}` });
  }

  get rekeys(): Locator {
    return this.card('Rekeys').getByRole('row');
  }
}

/** The messages of a tunnel. */
import type { Locator } from 'playwright-core';
import { WindowPage } from './window.ts';

export class NegotiationPage extends WindowPage {
  exchange(name: string): Locator {
    return this.main
      .getByRole('list', { name: 'Negotiation' })
      .locator('> li')
      .filter({ has: this.page.getByRole('heading', { name, exact: true }) });
  }
}

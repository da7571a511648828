/** The engine's log. */
import type { Locator } from 'playwright-core';
import { WindowPage } from './window.ts';

export class LogPage extends WindowPage {
  get lines(): Locator {
    return this.main.getByRole('log').locator('> div');
  }

  async search(words: string): Promise<void> {
    await this.main.getByLabel('Search').fill(words);
  }

  async about(subject: string): Promise<void> {
    await this.main.getByLabel('About').selectOption({ label: subject });
  }
}

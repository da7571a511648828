/** The profile editor. */
import type { Locator } from 'playwright-core';
import { WindowPage } from './window.ts';

export class EditorPage extends WindowPage {
  field(label: string): Locator {
    return this.main.getByLabel(label, { exact: true });
  }

  async fill(label: string, text: string): Promise<void> {
    await this.field(label).fill(text);
  }

  async advanced(): Promise<void> {
    await this.button('Advanced settings').click();
    await this.main.getByRole('region', { name: 'Algorithms' }).waitFor();
  }

  /** What is said below a field: its problem, its warning, its explanation. */
  async said(label: string): Promise<string> {
    const ids = (await this.field(label).getAttribute('aria-describedby')) ?? '';
    const texts = await Promise.all(
      ids.split(' ').map((id) => this.page.locator(`[id="${id}"]`).innerText()),
    );
    return texts.join('\n');
  }
}

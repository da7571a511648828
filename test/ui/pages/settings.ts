/** Settings. */
import { WindowPage } from './window.ts';

export class SettingsPage extends WindowPage {
  async language(name: string): Promise<void> {
    await this.page.getByRole('combobox').first().selectOption({ label: name });
  }

  async appearance(name: string): Promise<void> {
    await this.main.getByLabel('Appearance').selectOption({ label: name });
  }
}

/** Diagnostics: the doctor and the repair. */
import type { Locator } from 'playwright-core';
import { WindowPage } from './window.ts';

export class DiagnosticsPage extends WindowPage {
  get doctor(): Locator {
    return this.main.getByRole('region', { name: 'Check a profile' });
  }

  async examine(profile: string): Promise<void> {
    await this.doctor.getByLabel('Profile', { exact: true }).selectOption(profile);
    await this.doctor.getByRole('button', { name: 'Check', exact: true }).click();
    await this.doctor.getByRole('status').filter({ hasText: 'checked' }).waitFor();
  }
}

/** Home: the chosen profile, the list, the questions. */
import type { Locator } from 'playwright-core';
import { WindowPage } from './window.ts';

export class HomePage extends WindowPage {
  /** The chosen profile, large. */
  hero(profile: string): Locator {
    return this.main.getByRole('region', { name: profile, exact: true });
  }

  state(profile: string): Locator {
    return this.hero(profile).getByRole('status');
  }

  row(profile: string): Locator {
    return this.main.getByRole('listitem').filter({ has: this.page.getByText(profile, { exact: true }) });
  }

  /** Makes it the large one, unless it is. */
  async choose(profile: string): Promise<void> {
    await this.hero(profile).or(this.row(profile)).first().waitFor();
    if (await this.hero(profile).isVisible()) return;
    await this.row(profile)
      .getByRole('button', { name: new RegExp(`^${profile}`) })
      .click();
  }

  async connect(profile: string): Promise<void> {
    await this.hero(profile).getByRole('button', { name: 'Connect', exact: true }).click();
  }

  async disconnect(profile: string): Promise<void> {
    await this.hero(profile).getByRole('button', { name: 'Disconnect', exact: true }).click();
  }

  /** Waits until the chip says so. */
  async shows(profile: string, state: string): Promise<void> {
    await this.state(profile).getByText(state, { exact: true }).waitFor();
  }

  async menu(profile: string, item: string): Promise<void> {
    await this.hero(profile)
      .getByRole('button', { name: `More for ${profile}` })
      .click();
    await this.page.getByRole('menuitem', { name: item }).click();
  }

  get dialog(): Locator {
    return this.page.getByRole('dialog');
  }
}

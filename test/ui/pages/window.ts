/** What every screen has around it. */
import type { Locator, Page } from 'playwright-core';

export type ScreenName = 'Home' | 'Status' | 'Negotiation' | 'Import' | 'Log' | 'Diagnostics' | 'Settings';

export const SCREEN_NAMES: readonly ScreenName[] = [
  'Home',
  'Status',
  'Negotiation',
  'Import',
  'Log',
  'Diagnostics',
  'Settings',
];

export class WindowPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  get navigation(): Locator {
    return this.page.getByRole('navigation');
  }

  get main(): Locator {
    return this.page.getByRole('main');
  }

  get title(): Locator {
    return this.page.getByRole('heading', { level: 1 });
  }

  get alert(): Locator {
    return this.page.getByRole('alert');
  }

  /** Goes to a screen, through the menu where the window is narrow. */
  async open(screen: ScreenName): Promise<void> {
    const menu = this.page.getByRole('button', { name: 'Menu', exact: true });
    if (await menu.isVisible()) await menu.click();
    await this.navigation.getByRole('button', { name: screen, exact: true }).click();
    await this.title.waitFor();
    await this.page.getByText('One moment').waitFor({ state: 'detached' });
  }

  button(name: string | RegExp): Locator {
    return this.main.getByRole('button', typeof name === 'string' ? { name, exact: true } : { name });
  }
}

/** Import: files in, a look at what they are, a profile out. */
import type { Locator } from 'playwright-core';
import type { OpenedFile } from '../../../electron/bridge/contract.ts';
import { WindowPage } from './window.ts';

export class ImportPage extends WindowPage {
  async choose(file: OpenedFile): Promise<void> {
    const chooser = this.page.waitForEvent('filechooser');
    await this.button('Choose files').click();
    await (await chooser).setFiles({
      name: file.name,
      mimeType: 'application/octet-stream',
      buffer: Buffer.from(file.content, 'base64'),
    });
  }

  async unlock(passphrase: string): Promise<void> {
    await this.main.getByLabel('Passphrase', { exact: true }).fill(passphrase);
    await this.button('Open').click();
  }

  field(label: string): Locator {
    return this.main.getByLabel(label, { exact: true });
  }

  card(title: string): Locator {
    return this.main.getByRole('region', { name: title, exact: true });
  }
}

/** The application's menu: macOS reaches copy and paste through it; the others need none. */
import type { HostPort } from '../host.ts';
import type { Platform } from '../platform.ts';

export function setAppMenu({ Menu }: Pick<HostPort, 'Menu'>, platform: Platform): void {
  if (platform !== 'darwin') {
    Menu.setApplicationMenu(null);
    return;
  }
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([{ role: 'appMenu' }, { role: 'editMenu' }, { role: 'windowMenu' }]),
  );
}

/** Draws the tray from its model. Where there is no tray, nothing happens and nothing is missing but the tray. */
import { join } from 'node:path';
import type { MenuItemConstructorOptions } from 'electron';
import type { HostPort, TrayPort } from '../host.ts';
import type { Platform } from '../platform.ts';
import type { MenuAction, MenuEntry } from './menu.ts';
import type { TrayColour } from './state.ts';

export interface TrayView {
  readonly colour: TrayColour;
  readonly line: string;
  readonly menu: readonly MenuEntry[];
}

export interface ShellTray {
  show(view: TrayView): void;
  close(): void;
}

export interface TrayOptions {
  readonly host: Pick<HostPort, 'Tray' | 'Menu'>;
  readonly platform: Platform;
  readonly iconFolder: string;
  readonly act: (action: MenuAction) => void;
}

/** macOS takes the colour from the menu bar and the meaning from the shape; Electron finds `@2x` by itself. */
export function trayIcon(folder: string, platform: Platform, colour: TrayColour): string {
  switch (platform) {
    case 'darwin':
      return join(folder, `tray-${colour}Template.png`);
    case 'win32':
      return join(folder, `tray-${colour}.ico`);
    case 'linux':
      return join(folder, `tray-${colour}.png`);
  }
}

export function menuTemplate(
  entries: readonly MenuEntry[],
  act: (action: MenuAction) => void,
): MenuItemConstructorOptions[] {
  const item = (entry: MenuEntry): MenuItemConstructorOptions => {
    switch (entry.kind) {
      case 'separator':
        return { type: 'separator' };
      case 'text':
        return { label: entry.label, enabled: false };
      case 'action':
        return { label: entry.label, click: () => act(entry.action) };
      case 'submenu':
        return { label: entry.label, submenu: menuTemplate(entry.entries, act) };
    }
  };
  return entries.map(item);
}

export function createTray({ host, platform, iconFolder, act }: TrayOptions): ShellTray {
  let tray: TrayPort | undefined;
  let shown = '';
  return {
    show({ colour, line, menu }) {
      const icon = trayIcon(iconFolder, platform, colour);
      // Snapshots come several times a second; an open menu would close each time it is set anew.
      const key = JSON.stringify([icon, line, menu]);
      if (key === shown) return;
      shown = key;
      if (!tray) {
        tray = new host.Tray(icon);
        // On macOS and Linux a click opens the menu.
        if (platform === 'win32') tray.on('click', () => act({ do: 'open' }));
      } else tray.setImage(icon);
      tray.setToolTip(`Culvert: ${line}`);
      tray.setContextMenu(host.Menu.buildFromTemplate(menuTemplate(menu, act)));
    },
    close() {
      tray?.destroy();
      tray = undefined;
    },
  };
}

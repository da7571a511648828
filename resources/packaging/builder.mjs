/**
 * The configuration of electron-builder: what is in a package and what its installer does. Used by `package.mjs`;
 * `test/packaging` checks it and what comes out of it.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KOFFI_FILES } from './engine-tree.mjs';
import { setFuses } from './fuses.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const resources = (...parts) => join(root, 'resources', ...parts);

/** For fpm: a file of ours, and where it goes. */
const place = (from, to) => `${resources('linux', from)}=${to}`;

/** Besides /opt/Culvert. */
export const SYSTEM_FILES = [
  place('culvert.service', '/usr/lib/systemd/system/culvert.service'),
  place('culvert-repair.service', '/usr/lib/systemd/system/culvert-repair.service'),
  place('50-culvert.rules', '/usr/share/polkit-1/rules.d/50-culvert.rules'),
  place('org.culvert.policy', '/usr/share/polkit-1/actions/org.culvert.policy'),
  place('culvert-mime.xml', '/usr/share/mime/packages/culvert.xml'),
];

const linuxScripts = {
  afterInstall: resources('linux/after-install.sh'),
  afterRemove: resources('linux/after-remove.sh'),
};
export const BEFORE_REMOVE = resources('linux/before-remove.sh');
const beforeRemove = ['--before-remove', BEFORE_REMOVE];

const association = (ext, name, mimeType) => ({ ext, name, description: name, mimeType, role: 'Editor' });

/** electron-builder puts the target's processor in the place of the word. */
const engineTree = (platform) => `dist/package/engine-${platform}-\${arch}`;

/** electron-builder leaves out each `node_modules` but one that it is pointed at. */
const engine = (platform) => [
  { from: engineTree(platform), to: 'engine', filter: ['**/*'] },
  { from: `${engineTree(platform)}/node_modules`, to: 'engine/node_modules', filter: ['**/*'] },
];

/** The shell reaches koffi on Windows alone, where it asks whose a named pipe is. */
const windowsKoffi = [
  { from: 'node_modules/koffi', to: 'node_modules/koffi', filter: KOFFI_FILES },
  {
    from: `${engineTree('win32')}/node_modules/@koromix`,
    to: 'node_modules/@koromix',
    filter: ['**/*'],
  },
];

export const config = {
  appId: 'org.culvert.app',
  productName: 'Culvert',
  copyright: 'Copyright the Culvert authors, Apache-2.0',
  directories: { output: 'dist/package/out', buildResources: 'resources' },
  // Everything is bundled: no module of npm goes along.
  files: [
    'dist/electron/**',
    'dist/renderer/**',
    // The stand-in for the preload script, for the demo in a browser.
    '!dist/renderer/browser-bridge.js',
    'package.json',
    '!node_modules/**',
  ],
  extraMetadata: { main: 'dist/electron/main.mjs' },
  asar: true,
  npmRebuild: false,
  afterPack: setFuses,
  // Without signatures nothing may update itself: packages come from the system's own repositories and stores.
  publish: null,
  protocols: [{ name: 'Culvert', schemes: ['culvert'] }],
  fileAssociations: [
    association('culvert', 'Culvert profile', 'application/vnd.culvert.profile'),
    association('sswan', 'strongSwan profile', 'application/vnd.strongswan.profile'),
    association('mobileconfig', 'Apple configuration profile', 'application/x-apple-aspen-config'),
    association('p12', 'PKCS#12 bundle', 'application/x-pkcs12'),
  ],
  linux: {
    target: [{ target: 'deb' }, { target: 'rpm' }],
    executableName: 'culvert-desktop',
    maintainer: 'The Culvert authors <packages@culvert.invalid>',
    icon: 'resources/icons/linux',
    category: 'Network',
    synopsis: 'VPN client for IKEv2/IPsec',
    description:
      'Connects to IKEv2/IPsec gateways, tells why a connection failed, and leaves the machine as it found it.',
    extraResources: engine('linux'),
    desktop: {
      entry: {
        Name: 'Culvert',
        StartupWMClass: 'Culvert',
        Keywords: 'VPN;IPsec;IKEv2;',
        'X-GNOME-UsesNotifications': 'true',
      },
      desktopActions: { Quit: { Name: 'Quit', Exec: '/opt/Culvert/culvert-desktop --quit' } },
    },
  },
  deb: {
    ...linuxScripts,
    priority: 'optional',
    depends: ['iproute2', 'nftables', 'libgtk-3-0', 'libnss3', 'libnotify4', 'libxss1', 'xdg-utils'],
    recommends: ['polkitd | policykit-1', 'pkexec | policykit-1'],
    fpm: [...beforeRemove, ...SYSTEM_FILES],
  },
  rpm: {
    ...linuxScripts,
    depends: ['iproute', 'nftables', 'gtk3', 'nss', 'libnotify', 'xdg-utils', 'shadow-utils'],
    fpm: [...beforeRemove, ...SYSTEM_FILES],
  },
  mac: {
    target: [{ target: 'pkg' }],
    icon: 'resources/icons/icon.icns',
    category: 'public.app-category.utilities',
    hardenedRuntime: true,
    gatekeeperAssess: false,
    extendInfo: { LSUIElement: true },
    extraResources: [...engine('darwin'), { from: 'resources/macos/uninstall.sh', to: 'uninstall.sh' }],
  },
  pkg: {
    installLocation: '/Applications',
    scripts: 'macos/pkg-scripts',
    isRelocatable: false,
    allowAnywhere: false,
    allowCurrentUserHome: false,
    allowRootDirectory: true,
    overwriteAction: 'upgrade',
  },
  win: {
    target: [{ target: 'nsis' }, { target: 'msiWrapped' }],
    icon: 'resources/icons/icon.ico',
    files: windowsKoffi,
    asarUnpack: ['**/*.node'],
    extraResources: engine('win32'),
  },
  nsis: {
    oneClick: false,
    perMachine: true,
    allowElevation: true,
    // The engine runs as SYSTEM: its folder is one that users cannot write to.
    allowToChangeInstallationDirectory: false,
    deleteAppDataOnUninstall: false,
    include: 'resources/windows/installer.nsh',
    differentialPackage: false,
  },
  msiWrapped: { perMachine: true, wrappedInstallerArgs: '/S' },
};

export default config;

/**
 * A package for Debian with the content and the scripts that the configuration names, put together with dpkg's own
 * program: electron-builder has fpm do it, which passes the same scripts on as they are.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BEFORE_REMOVE, config, SYSTEM_FILES } from '../../resources/packaging/builder.mjs';

export interface DebOptions {
  /** The unpacked app. */
  readonly tree: string;
  /** Where the package and its parts are put. */
  readonly folder: string;
  readonly version: string;
  /** Changes what is in it before it is closed; paths are below this folder. */
  readonly change?: (content: string) => void;
}

export function makeDeb({ tree, folder, version, change }: DebOptions): string {
  const { deb, linux } = config;
  const content = join(folder, version);
  const control = join(content, 'DEBIAN');
  mkdirSync(control, { recursive: true });
  mkdirSync(join(content, 'opt'));
  // Hard links: the engine has a whole Node in it.
  execFileSync('cp', ['-al', tree, join(content, 'opt/Culvert')]);
  for (const [from = '', to = ''] of SYSTEM_FILES.map((word) => word.split('='))) {
    mkdirSync(dirname(join(content, to)), { recursive: true });
    cpSync(from, join(content, to));
  }
  change?.(content);
  const scripts = { postinst: deb?.afterInstall, prerm: BEFORE_REMOVE, postrm: deb?.afterRemove };
  for (const [name, from] of Object.entries(scripts))
    execFileSync('install', ['-m', '0755', from ?? '', join(control, name)]);
  const fields = {
    Package: 'culvert',
    Version: version,
    Architecture: 'all',
    Maintainer: linux?.maintainer,
    Depends: deb?.depends?.join(', '),
    Recommends: deb?.recommends?.join(', '),
    Priority: deb?.priority,
    Description: linux?.synopsis,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value ?? ''}\n`);
  writeFileSync(join(control, 'control'), lines.join(''));
  const file = join(folder, `culvert_${version}.deb`);
  execFileSync('dpkg-deb', ['--root-owner-group', '-Znone', '--build', content, file], { stdio: 'pipe' });
  return file;
}

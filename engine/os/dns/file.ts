/**
 * Replaces a small file whole: by rename where that can be, in place where the file is a mount point.
 *
 * `ip netns exec NS` mounts /etc/netns/NS/resolv.conf over /etc/resolv.conf, and containers do the like: rename(2)
 * over a mount point fails with EBUSY, and writing in place changes the file behind it, as is wanted. In place,
 * octets are written before the file is cut to its new length, so that a crash in between can be recognised.
 */
import { constants } from 'node:fs';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OsError } from '../error.ts';
import type { FileBefore } from './port.ts';

/** Largest resolv.conf that is kept as a backup. */
const MAX_OCTETS = 1024 * 1024;
/** Where a rename cannot be, but a write in place may. */
const IN_PLACE = ['EBUSY', 'EROFS', 'EXDEV', 'EACCES', 'EPERM'];

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

const failed = (doing: string, path: string, error: unknown): OsError =>
  new OsError(
    'dns-failed',
    `${path} cannot be ${doing}`,
    error instanceof Error ? error.message : String(error),
  );

/** The name of the file that is written before it is renamed; one name, so that a crash leaves at most one. */
export const draftPath = (path: string): string => join(dirname(path), '.resolv.conf.culvert');

/** The file with its mode and owner, or null when there is none. @throws OsError `dns-failed` */
export async function readWhole(path: string): Promise<FileBefore | null> {
  try {
    const { mode, uid, gid, size } = await stat(path);
    if (size > MAX_OCTETS) throw new Error(`larger than ${MAX_OCTETS} octets`);
    const content = await readFile(path);
    return { content: content.toString('base64'), mode: mode & 0o7777, uid, gid };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw failed('read', path, error);
  }
}

async function writeByRename(path: string, file: FileBefore): Promise<void> {
  const draft = draftPath(path);
  await rm(draft, { force: true });
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const handle = await open(draft, flags, 0o600);
  try {
    await handle.writeFile(Buffer.from(file.content, 'base64'));
    await handle.chown(file.uid, file.gid);
    await handle.chmod(file.mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, path);
  const folder = await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function writeInPlace(path: string, file: FileBefore): Promise<void> {
  const handle = await open(path, constants.O_WRONLY | constants.O_NOFOLLOW);
  try {
    const octets = Buffer.from(file.content, 'base64');
    for (let at = 0; at < octets.length; ) {
      at += (await handle.write(octets, at, octets.length - at, at)).bytesWritten;
    }
    await handle.truncate(octets.length);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Makes the file so. `mounted` says that it is a mount point, which is found out by trying when it is not known.
 * @throws OsError `dns-failed`
 */
export async function writeWhole(path: string, file: FileBefore, mounted: boolean): Promise<void> {
  try {
    if (!mounted) {
      try {
        await writeByRename(path, file);
        return;
      } catch (error) {
        if (!IN_PLACE.includes(codeOf(error))) throw error;
        await rm(draftPath(path), { force: true }).catch(() => undefined);
      }
    }
    await writeInPlace(path, file);
  } catch (error) {
    throw failed('written', path, error);
  }
}

/** Takes away a draft that a crash left. */
export async function dropDraft(path: string): Promise<void> {
  await rm(draftPath(path), { force: true }).catch(() => undefined);
}

/** Removes a file that was not there before. @throws OsError `dns-failed` */
export async function removeWhole(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (error) {
    throw failed('removed', path, error);
  }
}

/** Files and folders that only the engine's own user may touch; whatever is laxer is refused, not tightened. */
import { constants } from 'node:fs';
import { lstat, mkdir, open } from 'node:fs/promises';
import { SecretsError } from './port.ts';

const FOLDER_MODE = 0o700;
const OTHERS = 0o077;

/** `undefined` where files have no owners of this kind; permissions are then the folder's that the engine inherits. */
const ownUser = (): number | undefined => process.geteuid?.();

function refuse(path: string, why: string): SecretsError {
  return new SecretsError('unavailable', `${path} ${why}: the secrets store is not used as long as it is so`);
}

function check(path: string, { uid, mode }: { readonly uid: number; readonly mode: number }): void {
  const own = ownUser();
  if (own === undefined) return;
  if (uid !== own) throw refuse(path, `belongs to user ${uid}, not to the engine's user ${own}`);
  if ((mode & OTHERS) !== 0)
    throw refuse(path, `has mode 0${(mode & 0o777).toString(8)}, which lets others in`);
}

/** Makes the folder where there is none. @throws SecretsError `unavailable` */
export async function ownFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: FOLDER_MODE });
  const stat = await lstat(path);
  if (!stat.isDirectory()) throw refuse(path, 'is no folder');
  check(path, stat);
}

/** @throws SecretsError `unavailable`; the system's own error, `ENOENT` among them */
export async function readOwned(path: string, most: number): Promise<string> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw refuse(path, 'is no file');
    check(path, stat);
    if (stat.size > most) throw refuse(path, `has more than ${most} octets`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

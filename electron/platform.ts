/** The only file of the shell that asks which system this is. */
export type Platform = 'linux' | 'win32' | 'darwin';

/** Other systems are treated as Linux: a unix socket, no login items, no service manager that we know. */
export function currentPlatform(): Platform {
  const { platform } = process;
  return platform === 'win32' || platform === 'darwin' ? platform : 'linux';
}

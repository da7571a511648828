/**
 * Signed data kept between connections: `STATE/revocation/KEY`. Bounded in count and size, the least recently written
 * go first. A file is trusted no more than the net: whoever reads it checks signature and dates again.
 */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface FileCache {
  get(key: string): Promise<Uint8Array | undefined>;
  /** Keeps as much as fits. A disk that does not take it costs only the next fetch. */
  put(key: string, octets: Uint8Array): Promise<void>;
}

export interface CacheLimits {
  readonly files: number;
  /** Of all files together. */
  readonly octets: number;
}

const LIMITS: CacheLimits = { files: 128, octets: 64 * 1024 * 1024 };
const KEY = /^[0-9a-f]{16,64}$/;

export function fileCache(stateFolder: string, limits: CacheLimits = LIMITS): FileCache {
  const folder = join(stateFolder, 'revocation');
  let writing: Promise<void> = Promise.resolve();
  return {
    get: async (key) => {
      if (!KEY.test(key)) return undefined;
      try {
        const path = join(folder, key);
        if ((await stat(path)).size > limits.octets) return undefined;
        return new Uint8Array(await readFile(path));
      } catch {
        return undefined;
      }
    },
    put: (key, octets) => {
      const result = writing.then(async () => {
        if (!KEY.test(key) || octets.length > limits.octets) return;
        await mkdir(folder, { recursive: true, mode: 0o700 });
        const beside = join(folder, `${key}.new`);
        await writeFile(beside, octets, { mode: 0o600 });
        await rename(beside, join(folder, key));
        await makeRoom(folder, limits);
      });
      writing = result.catch(() => undefined);
      return writing;
    },
  };
}

async function makeRoom(folder: string, limits: CacheLimits): Promise<void> {
  const names = await readdir(folder);
  const files = await Promise.all(
    names.map(async (name) => {
      const { mtimeMs, size } = await stat(join(folder, name));
      return { name, mtimeMs, size };
    }),
  );
  files.sort((a, b) => b.mtimeMs - a.mtimeMs);
  let octets = 0;
  for (const [i, file] of files.entries()) {
    octets += file.size;
    // A file that a crash left half written is none of ours any more.
    if (i >= limits.files || octets > limits.octets || !KEY.test(file.name))
      await rm(join(folder, file.name), { force: true });
  }
}

/** Fetches what `pins.mjs` names into `dist/package/cache`, and trusts nothing whose digest is another. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const digest = (algorithm, data, encoding) => createHash(algorithm).update(data).digest(encoding);

/** @throws Error naming the file when its digest is not the pinned one; the file is gone then */
export function verify(path, wanted) {
  const [algorithm, value] = [wanted.slice(0, 6), wanted.slice(7)];
  const encoding = algorithm === 'sha512' ? 'base64' : 'hex';
  const found = digest(algorithm, readFileSync(path), encoding);
  if (found === value) return path;
  rmSync(path, { force: true });
  throw new Error(`${path}: its ${algorithm} is ${found}, not the pinned ${value}`);
}

/** A package of the npm registry as a tarball. */
export function fetchPackage({ name, version, integrity }, cache) {
  const file = join(cache, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
  mkdirSync(cache, { recursive: true });
  if (!existsSync(file)) {
    const aside = join(cache, `.${name.replace('/', '-')}`);
    mkdirSync(aside, { recursive: true });
    execFileSync('npm', ['pack', `${name}@${version}`, '--silent', '--pack-destination', aside], {
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    });
    const [made] = readdirSync(aside);
    if (!made) throw new Error(`npm pack has given nothing for ${name}@${version}`);
    renameSync(join(aside, made), file);
    rmSync(aside, { recursive: true, force: true });
  }
  return verify(file, integrity);
}

export async function fetchFile({ url, sha256 }, cache) {
  const file = join(cache, url.split('/').at(-1));
  mkdirSync(cache, { recursive: true });
  if (!existsSync(file)) {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${url}: HTTP ${answer.status}`);
    writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
  }
  return verify(file, `sha256-${sha256}`);
}

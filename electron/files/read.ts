/** Reads what a user wants to import: regular files within the engine's bounds, nothing that blocks or has no end. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { localFailure } from '../../engine/api/failure.ts';
import { MAX_IMPORT_FILES, MAX_IMPORT_TEXT } from '../../engine/api/import.ts';
import type { OpenedFile, Outcome } from '../bridge/contract.ts';

const refuse = <T>(message: string): Outcome<T> => ({ ok: false, failure: localFailure('USAGE', message) });

/** Base64 characters of that many octets. */
const encodedLength = (octets: number): number => Math.ceil(octets / 3) * 4;

async function readBounded(path: string, room: number): Promise<Outcome<Buffer>> {
  const name = basename(path);
  // Without O_NONBLOCK a named pipe would hold the open call for ever.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stat = await file.stat();
    if (!stat.isFile()) return refuse(`${name} is not a file`);
    if (encodedLength(stat.size) > room) return refuse(`${name} is too large to be imported`);
    const buffer = Buffer.alloc(stat.size);
    const { bytesRead } = await file.read(buffer, 0, stat.size, 0);
    return { ok: true, value: buffer.subarray(0, bytesRead) };
  } finally {
    await file.close();
  }
}

export async function readFiles(paths: readonly string[]): Promise<Outcome<readonly OpenedFile[]>> {
  if (paths.length > MAX_IMPORT_FILES)
    return refuse(`at most ${MAX_IMPORT_FILES} files can be imported at once`);
  const files: OpenedFile[] = [];
  let room = MAX_IMPORT_TEXT;
  for (const path of paths) {
    let read: Outcome<Buffer>;
    try {
      read = await readBounded(path, room);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
      return refuse(`${basename(path)} cannot be read (${code})`);
    }
    if (!read.ok) return read;
    const content = read.value.toString('base64');
    read.value.fill(0);
    room -= content.length;
    files.push({ name: basename(path), content });
  }
  return { ok: true, value: files };
}

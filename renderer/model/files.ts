/** Dropped files as the bridge carries them. */
import type { OpenedFile } from '../../electron/bridge/contract.ts';

const CHUNK = 0x8000;

export async function base64Of(file: Blob): Promise<string> {
  const octets = new Uint8Array(await file.arrayBuffer());
  let text = '';
  for (let at = 0; at < octets.length; at += CHUNK)
    text += String.fromCharCode(...octets.subarray(at, at + CHUNK));
  return btoa(text);
}

export const readFiles = async (files: Iterable<File>): Promise<readonly OpenedFile[]> =>
  Promise.all([...files].map(async (file) => ({ name: file.name, content: await base64Of(file) })));

/** Changes as a command reports them that goes on until it is stopped (`ip monitor`, `route -n monitor`). */
import { keepProcess } from './kept-process.ts';
import type { ChangeSource } from './source.ts';

/** Between its end and its next start. */
const AGAIN_MS = 5000;

/** @param path absolute */
export const commandSource = (path: string, args: readonly string[]): ChangeSource => ({
  name: [path, ...args].join(' '),
  open: ({ changed }) => keepProcess(path, args, AGAIN_MS, (output) => output.on('data', changed)),
});

/** Text as Windows has it in memory: UTF-16LE with a final zero. */
import { fixedMemory } from './memory.ts';

/** Text as UTF-16LE with a final zero. */
export function wideText(text: string): Uint8Array<ArrayBuffer> {
  const memory = fixedMemory(2 * (text.length + 1));
  const units = new Uint16Array(memory.buffer);
  for (let i = 0; i < text.length; i++) units[i] = text.charCodeAt(i);
  return memory;
}

/** Several texts, each with a final zero, and a zero more (REG_MULTI_SZ). */
export const wideTexts = (texts: readonly string[]): Uint8Array<ArrayBuffer> =>
  wideText(texts.map((text) => `${text}\0`).join(''));

/** The text before the first zero. */
export function readWide(memory: Uint8Array): string {
  const units = new Uint16Array(memory.buffer, memory.byteOffset, memory.byteLength >> 1);
  const end = units.indexOf(0);
  return String.fromCharCode(...units.subarray(0, end < 0 ? units.length : end));
}

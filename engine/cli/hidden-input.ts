/** Asking for a secret on the terminal without showing it. */

/** As much of the process's streams as is used. */
export interface Terminal {
  readonly input: Pick<
    NodeJS.ReadStream,
    'isTTY' | 'isRaw' | 'setRawMode' | 'on' | 'off' | 'pause' | 'resume'
  >;
  readonly output: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>;
}

const LONGEST = 1024;
/** Arrow keys and their like: a sequence that starts with Escape. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: Escape is what it is about
const FUNCTION_KEY = /\u001b(?:\[[0-9;]*[A-Za-z~]|O[A-Za-z])/g;

/**
 * What the user types before Enter; `undefined` when there is no terminal to ask on, or the user gives up with
 * Ctrl-C or Ctrl-D; also when `signal` says that the question is gone.
 */
export async function askHidden(
  question: string,
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
  signal?: AbortSignal,
): Promise<string | undefined> {
  if (!input.isTTY || !output.isTTY || signal?.aborted) return undefined;
  output.write(`${question}: `);
  const before = input.isRaw;
  input.setRawMode(true);
  try {
    return await new Promise<string | undefined>((resolve) => {
      const decoder = new TextDecoder();
      let text = '';
      const done = (answer: string | undefined): void => {
        input.off('data', read);
        input.off('end', gone);
        signal?.removeEventListener('abort', gone);
        input.pause();
        resolve(answer);
      };
      const read = (chunk: Buffer | string): void => {
        const keys = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
        for (const char of keys.replace(FUNCTION_KEY, '')) {
          const enter = char === '\r' || char === '\n';
          if (enter || char === '\u0003' || (char === '\u0004' && text === '')) {
            done(enter ? text : undefined);
            return;
          }
          if (char === '\u0015') text = '';
          else if (char === '\u007f' || char === '\b') text = [...text].slice(0, -1).join('');
          else if (char >= ' ' && text.length < LONGEST) text += char;
        }
      };
      const gone = (): void => done(undefined);
      input.on('data', read);
      input.on('end', gone);
      signal?.addEventListener('abort', gone);
      input.resume();
    });
  } finally {
    input.setRawMode(before);
    output.write('\n');
  }
}

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

/**
 * What the user types before Enter; `undefined` when there is no terminal to ask on, or the user gives up with
 * Ctrl-C or Ctrl-D.
 */
export async function askHidden(
  question: string,
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): Promise<string | undefined> {
  if (!input.isTTY || !output.isTTY) return undefined;
  output.write(`${question}: `);
  const before = input.isRaw;
  input.setRawMode(true);
  try {
    return await new Promise<string | undefined>((resolve) => {
      const decoder = new TextDecoder();
      let text = '';
      const done = (answer: string | undefined): void => {
        input.off('data', read);
        input.pause();
        resolve(answer);
      };
      const read = (chunk: Buffer | string): void => {
        const keys = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
        for (const char of keys) {
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
      input.on('data', read);
      input.resume();
    });
  } finally {
    input.setRawMode(before);
    output.write('\n');
  }
}

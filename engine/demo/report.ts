/** How the demo tells what it measures: a live line on a terminal, plain lines elsewhere, JSON for machines. */
import { performance } from 'node:perf_hooks';

export interface DemoStep {
  readonly step: string;
  readonly ok: boolean;
  readonly milliseconds: number;
  /** What was measured, by name. */
  readonly measured: Readonly<Record<string, string | number | boolean>>;
}

export interface Report {
  /** Runs one step, tells it, and passes its failure on. `say` words the result for people. */
  step<T extends DemoStep['measured']>(
    title: string,
    work: () => Promise<T>,
    say: (measured: T) => string,
  ): Promise<T>;
  /** The last word. */
  end(ok: boolean, reason: string | undefined, milliseconds: number): void;
}

export interface Output {
  readonly isTTY: boolean;
  write(text: string): void;
}

const WIDTH = 24;

export function createReport(output: Output, json: boolean): Report {
  const line = (text: string): void => output.write(`${text}\n`);
  const live = output.isTTY && !json;
  const tell = (step: DemoStep, text: string): void => {
    if (json) line(JSON.stringify(step));
    else {
      const mark = step.ok ? (live ? '\x1b[32m✔\x1b[0m' : 'ok  ') : live ? '\x1b[31m✘\x1b[0m' : 'FAIL';
      line(`${live ? '\r\x1b[2K' : ''}${mark} ${step.step.padEnd(WIDTH)} ${text}`);
    }
  };
  return {
    async step(title, work, say) {
      if (live) output.write(`… ${title}`);
      const begin = performance.now();
      const took = (): number => Math.round((performance.now() - begin) * 100) / 100;
      try {
        const measured = await work();
        tell({ step: title, ok: true, milliseconds: took(), measured }, say(measured));
        return measured;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        tell({ step: title, ok: false, milliseconds: took(), measured: { reason } }, reason);
        throw error;
      }
    },
    end(ok, reason, milliseconds) {
      if (json)
        line(
          JSON.stringify({
            ok,
            ...(reason === undefined ? {} : { reason }),
            milliseconds: Math.round(milliseconds),
          }),
        );
      else
        line(
          ok
            ? `\nEverything worked, in ${(milliseconds / 1000).toFixed(1)} s.`
            : `\nThe demo failed: ${reason}`,
        );
    },
  };
}

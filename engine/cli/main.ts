#!/usr/bin/env node
/** The command `culvert`. What it starts in this very process is loaded only then. */
import { readFileSync } from 'node:fs';
import { localFailure } from '../api/failure.ts';
import { reportFailure } from './output.ts';
import { runProgram } from './program.ts';

/** The bundle has it built in; a checkout asks its package.json. */
function version(): string {
  if (process.env.CULVERT_VERSION !== undefined) return process.env.CULVERT_VERSION;
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return String((manifest as { readonly version?: string }).version);
}

// A reader that goes away, as `head` does, is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  await runProgram(process.argv, {
    version: version(),
    engine: async () => (await import('../main.ts')).startEngine,
    repair: async () => (await import('../repair.ts')).repairMachine,
    demo: async () => (await import('../demo.ts')).runDemo,
    demoUi: async () => (await import('../demo-ui.ts')).runDemoUi,
  });
} catch (error) {
  const detail = error instanceof Error ? error.message : String(error);
  process.exitCode = reportFailure(localFailure('INTERNAL_ERROR', detail), process.argv.includes('--json'));
}

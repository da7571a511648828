/**
 * `npm run bench [NAME…] [-- --json]`: runs the benchmarks of this folder whose name contains a NAME (all without
 * one) and prints a table, or one JSON line a row. What the machine cannot run is skipped with a loud line, and is
 * a failure with CULVERT_REQUIRE_INTEROP=1.
 */
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { missing } from '../support/require.ts';
import type { Bench, BenchRow, Spread } from './row.ts';

const NOT_BENCHES = new Set(['run.ts', 'row.ts']);
const folder = new URL('.', import.meta.url);

async function benches(): Promise<Bench[]> {
  const found: Bench[] = [];
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts') || NOT_BENCHES.has(file)) continue;
    const module = (await import(new URL(file, folder).href)) as {
      bench?: Bench;
      benches?: readonly Bench[];
    };
    if (module.bench !== undefined) found.push(module.bench);
    else if (module.benches !== undefined) found.push(...module.benches);
    else console.error(`${basename(file)} exports no bench`);
  }
  return found;
}

function figure(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value.toPrecision(3);
}

function spreadText({ min, median, max }: Spread): string {
  return `${figure(median)} (${figure(min)}–${figure(max)})`;
}

const COLUMNS = [36, 34, 7, 24, 52] as const;

function line(cells: readonly string[]): string {
  return cells
    .map((cell, i) => cell.padEnd(COLUMNS[i] ?? 0))
    .join(' ')
    .trimEnd();
}

function print(row: BenchRow): void {
  const { bench, metric, unit, culvert, peer, ratio } = row;
  console.log(
    line([
      bench,
      metric,
      unit,
      spreadText(culvert),
      peer === undefined ? '' : `${spreadText(peer)} ${peer.name}`,
      ratio === undefined ? '' : `${ratio.toFixed(2)}×`,
    ]),
  );
}

async function main(): Promise<number> {
  const json = process.argv.includes('--json');
  const names = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
  const chosen = (await benches()).filter(
    ({ name }) => names.length === 0 || names.some((wanted) => name.includes(wanted)),
  );
  if (chosen.length === 0) {
    console.error(`no benchmark matches ${names.join(', ')}`);
    return 2;
  }
  if (!json) console.log(line(['benchmark', 'metric', 'unit', 'culvert median (range)', 'peer', 'ratio']));
  let status = 0;
  for (const bench of chosen) {
    const lacks = missing(bench.needs ?? {});
    if (lacks.length > 0) {
      console.error(`SKIPPED: ${bench.name} (${bench.describe}) needs ${lacks.join(', ')}`);
      if (process.env.CULVERT_REQUIRE_INTEROP === '1') status = 1;
      continue;
    }
    try {
      await bench.run((row) => (json ? console.log(JSON.stringify(row)) : print(row)));
    } catch (error) {
      console.error(`FAILED: ${bench.name}:`, error);
      status = 1;
    }
  }
  return status;
}

process.exit(await main());

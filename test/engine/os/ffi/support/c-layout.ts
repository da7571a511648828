/** Asks a C compiler whether sizes, offsets and numbers are those of its headers: assertions at compile time. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

export interface CLayout {
  /** C's name of the structure. */
  readonly type: string;
  /** `size`, and each field's offset. */
  readonly offsets: Readonly<Record<string, number>>;
  /** C's names of the fields; `size` needs none. Fields that are no members are left out of the table. */
  readonly fields: Readonly<Record<string, string>>;
}

export interface CHeaders {
  readonly compiler: string;
  readonly flags?: readonly string[];
  readonly includes: readonly string[];
}

/** How many assertions the compiler has confirmed. @throws AssertionError with what it says of the wrong ones */
export function confirm(
  { compiler, flags = [], includes }: CHeaders,
  layouts: readonly CLayout[],
  numbers: Readonly<Record<string, number>>,
): number {
  const assertions: string[] = [];
  const expect = (expression: string, value: number): void => {
    // As unsigned 32 bits, since headers differ in the sign of what fills them.
    assertions.push(
      `_Static_assert((unsigned)(${expression}) == ${value >>> 0}u, "${expression} is not ${value}");`,
    );
  };
  for (const { type, offsets, fields } of layouts) {
    const { size, ...rest } = offsets;
    if (size !== undefined) expect(`sizeof(${type})`, size);
    for (const [name, value] of Object.entries(rest)) {
      const field = fields[name];
      assert.ok(field !== undefined, `${type}: no C name for ${name}`);
      expect(`offsetof(${type}, ${field})`, value);
    }
  }
  for (const [name, value] of Object.entries(numbers)) expect(name, value);
  const source = [...includes.map((name) => `#include <${name}>`), ...assertions, ''].join('\n');
  const { status, stderr } = spawnSync(compiler, [...flags, '-fsyntax-only', '-x', 'c', '-'], {
    input: source,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return assertions.length;
}

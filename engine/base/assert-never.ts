/** Marks a branch that the type checker has proven unreachable; reaching it is a programmer's error. */
export function assertNever(value: never): never {
  throw new TypeError(`unreachable: ${JSON.stringify(value)}`);
}

/** Group names to numbers, by /etc/group (group(5)); a number stands for itself. */
import { readFileSync } from 'node:fs';

/** `undefined` when there is no such group. */
export function groupId(name: string, file = '/etc/group'): number | undefined {
  if (/^[0-9]{1,10}$/.test(name)) return Number(name);
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [group, , id] = line.split(':');
    if (group === name && id !== undefined && /^[0-9]{1,10}$/.test(id)) return Number(id);
  }
  return undefined;
}

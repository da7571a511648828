/** Secrets in memory, for the demo and tests. */
import { randomBytes } from 'node:crypto';
import { SecretsError, type SecretsStore } from './port.ts';

export function memorySecrets(): SecretsStore {
  const sets = new Map<string, Readonly<Record<string, string>>>();
  const keyOf = (profile: string, set: string): string => `${profile}~${set}`;
  return {
    protection: 'secrets are kept in memory alone',
    put: async (profile, secrets) => {
      const set = randomBytes(16).toString('hex');
      sets.set(keyOf(profile, set), { ...secrets });
      return set;
    },
    get: async (profile, set, fields) => {
      const found = sets.get(keyOf(profile, set)) ?? {};
      return Object.fromEntries(
        fields.map((field) => {
          const secret = found[field];
          if (secret === undefined)
            throw new SecretsError('damaged', `${field} of profile ${profile} is not there`, profile, field);
          return [field, secret];
        }),
      );
    },
    prune: async (profile, keep) => {
      for (const key of [...sets.keys()])
        if (key.startsWith(`${profile}~`) && key !== keyOf(profile, keep ?? '')) sets.delete(key);
    },
    profiles: async () => [...new Set([...sets.keys()].map((key) => key.slice(0, key.lastIndexOf('~'))))],
  };
}

/** Starts the worker from its TypeScript source, as the engine's own `boot.mjs` does. */
import { register } from 'tsx/esm/api';

register();
await import('./copy-worker.ts');

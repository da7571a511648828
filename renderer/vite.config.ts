/** How the renderer becomes static files: `vite build renderer` writes `dist/renderer`. Nothing is inlined, for the CSP. */
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig, type UserConfig } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const config: UserConfig = defineConfig({
  root: here('.'),
  // Relative, so that the same files serve `culvert-app://` and the browser demo.
  base: './',
  plugins: [react()],
  build: {
    outDir: here('../dist/renderer'),
    emptyOutDir: true,
    target: 'chrome140',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      // The browser's stand-in for the preload script is served by its own name, and only by the demo.
      input: { index: here('index.html'), 'browser-bridge': here('browser-bridge.ts') },
      output: {
        entryFileNames: ({ name }) =>
          name === 'browser-bridge' ? 'browser-bridge.js' : 'assets/[name]-[hash].js',
      },
    },
  },
});

export default config;

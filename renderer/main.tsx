/** Where the window begins. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import './styles/tokens.css';
import './styles/base.css';
import { App } from './app.tsx';
import { listen } from './bridge/app-state.ts';
import { Words } from './i18n/text.tsx';

// The rules of profiles are checked by zod, which otherwise tries `new Function` and is refused by the page's policy.
Object.assign(globalThis, { __zod_globalConfig: { jitless: true } });

const root = document.getElementById('root');
if (!root) throw new Error('the page has no root');
await listen();
createRoot(root).render(
  <StrictMode>
    <Words>
      <App />
    </Words>
  </StrictMode>,
);

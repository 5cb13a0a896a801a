import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/app.tsx';
import '@limi-ai/react/ui.css';
import './app/styles.css';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no element with the id root');

// What a conversation needs is fetched while the page is read, so that a click has not to wait for it.
window.addEventListener('load', () => void import('@openai/agents-realtime'), { once: true });

createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

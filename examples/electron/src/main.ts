/** The main process: one window, and the keys for it. */
import path from 'node:path';
import { LimiAIDesktopIntegration } from '@limi-ai/electron';
import { app, BrowserWindow, session } from 'electron';
import { ORIGIN, registerScheme, servePages } from './pages.ts';

const BACKEND_URL = process.env['LIMI_BACKEND_URL'] ?? 'http://localhost:3001/api';

/** The microphone; and, for a backend on this computer or beside it, what Chromium asks before it is called. */
const WANTED: readonly string[] = ['media', 'loopback-network', 'local-network', 'local-network-access'];

async function openWindow(): Promise<void> {
  const window = new BrowserWindow({
    width: 480,
    height: 640,
    // These are Electron's defaults; they stand here because everything rests on them.
    webPreferences: {
      preload: path.join(__dirname, 'preload.cjs'),
      contextIsolation: true,
      nodeIntegration: false,
      sandbox: true,
    },
  });
  // The page has nowhere to go, so whatever would lead it away is no wish of the application.
  window.webContents.setWindowOpenHandler(() => ({ action: 'deny' }));
  window.webContents.on('will-navigate', (event) => {
    event.preventDefault();
  });
  await window.loadURL(`${ORIGIN}/`);
}

function allowWhatIsWanted(): void {
  session.defaultSession.setPermissionRequestHandler((_contents, permission, answer, { requestingUrl }) => {
    answer(WANTED.includes(permission) && requestingUrl.startsWith(`${ORIGIN}/`));
  });
}

async function start(): Promise<void> {
  await app.whenReady();
  const apiKey = process.env['LIMI_API_KEY'];
  const voice = new LimiAIDesktopIntegration(BACKEND_URL, {
    allowedOrigins: [ORIGIN],
    ...(apiKey === undefined ? {} : { apiKey }),
  });
  app.once('will-quit', () => {
    voice.dispose();
  });
  app.on('window-all-closed', () => {
    app.quit();
  });
  allowWhatIsWanted();
  servePages(__dirname);
  await openWindow();
}

registerScheme();
void start();

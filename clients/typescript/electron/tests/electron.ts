/** What `import … from 'electron'` gives in these tests: messages between processes, and nothing else. */
import { FakeElectron } from '../src/testing.ts';

export const electron = new FakeElectron();
export const { ipcMain, ipcRenderer, contextBridge } = electron;

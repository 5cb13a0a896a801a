/**
 * The preload script: gives the page two functions and nothing else of Electron.
 *
 * Importing it is what it is for. It works with context isolation only, which is Electron's default; without it
 * `contextBridge` throws, for the page could then reach everything that this script can.
 *
 * @module
 */
import { contextBridge, ipcRenderer } from 'electron';
import { BRIDGE_NAME, CONNECT_CHANNEL, HEALTH_CHANNEL } from './bridge.ts';
import type { VoiceBridge, VoiceConnectAnswer, VoiceHealthAnswer } from './bridge.ts';

// Each function takes what it hands on by name: a page cannot choose the channel, nor add arguments to it.
const bridge: VoiceBridge = {
  connect: (request) => ipcRenderer.invoke(CONNECT_CHANNEL, request) as Promise<VoiceConnectAnswer>,
  health: () => ipcRenderer.invoke(HEALTH_CHANNEL) as Promise<VoiceHealthAnswer>,
};

contextBridge.exposeInMainWorld(BRIDGE_NAME, bridge);

export type { VoiceBridge };

/**
 * Electron's messages between processes, for tests: what is sent is copied as Electron copies it, and nothing else of
 * Electron is there.
 *
 * @packageDocumentation
 */
import type { ContextBridge, IpcMain, IpcMainInvokeEvent, IpcRenderer, WebFrameMain } from 'electron';

/** What the main process sees of the page that asks. */
export type FakeFrame = Pick<WebFrameMain, 'origin' | 'url' | 'parent' | 'isDestroyed'>;

type Handler = Parameters<IpcMain['handle']>[1];

/**
 * A main process, a preload script and a page, as far as they talk to each other.
 *
 * @example
 * ```ts
 * const electron = new FakeElectron();
 * vi.doMock('electron', () => electron);
 * await import('@limi-ai/electron/preload');
 * electron.world['limiVoice']; // what the page sees
 * ```
 */
export class FakeElectron {
  /** The page that asks; null once it is gone. */
  frame: FakeFrame | null = makeFrame('app://localhost');
  /** Whether pages are kept apart from the preload script. */
  contextIsolation = true;
  /** What the preload script put into the page. */
  readonly world: Record<string, unknown> = {};
  readonly #handlers = new Map<string, Handler>();

  readonly ipcMain: Pick<IpcMain, 'handle' | 'removeHandler'> = {
    handle: (channel, handler) => {
      if (this.#handlers.has(channel)) {
        throw new Error(`Attempted to register a second handler for '${channel}'`);
      }
      this.#handlers.set(channel, handler);
    },
    removeHandler: (channel) => {
      this.#handlers.delete(channel);
    },
  };

  readonly ipcRenderer: Pick<IpcRenderer, 'invoke'> = {
    invoke: async (channel: string, ...given: unknown[]): Promise<unknown> => {
      const sent: unknown[] = structuredClone(given);
      try {
        const handler = this.#handlers.get(channel);
        if (handler === undefined) throw new Error(`No handler registered for '${channel}'`);
        return structuredClone((await handler(this.#event(), ...sent)) as unknown);
      } catch (cause) {
        // eslint-disable-next-line preserve-caught-error -- Of an error no more than its text comes through.
        throw new Error(`Error invoking remote method '${channel}': ${String(cause)}`);
      }
    },
  };

  readonly contextBridge: Pick<ContextBridge, 'exposeInMainWorld'> = {
    exposeInMainWorld: (name, api: unknown) => {
      if (!this.contextIsolation) {
        throw new Error('contextBridge API can only be used when contextIsolation is enabled');
      }
      if (name in this.world) throw new Error(`Cannot bind an API on top of an existing property: ${name}`);
      this.world[name] = Object.freeze({ ...(api as object) });
    },
  };

  /** The channels that are answered. */
  get channels(): string[] {
    return [...this.#handlers.keys()].sort();
  }

  #event(): IpcMainInvokeEvent {
    const event: Partial<IpcMainInvokeEvent> = {
      type: 'frame',
      frameId: 1,
      processId: 1,
      // A whole frame and a whole event take a whole Electron; this is what handlers should look at.
      senderFrame: this.frame as WebFrameMain | null,
    };
    return event as IpcMainInvokeEvent;
  }
}

/** A page at an address; with a parent it is a frame inside another one. */
export function makeFrame(origin: string, url = `${origin}/`, parent: FakeFrame | null = null): FakeFrame {
  return { origin, url, parent: parent as WebFrameMain | null, isDestroyed: () => false };
}

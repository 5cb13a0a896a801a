/** Electron as far as the example uses it: runs the bundled main process and preload script, and shows what they did. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { FakeElectron, makeFrame } from '@limi-ai/electron/testing';
import type { VoiceBridge } from '@limi-ai/electron';
import type { App, BrowserWindowConstructorOptions, Session } from 'electron';

type PermissionHandler = NonNullable<Parameters<Session['setPermissionRequestHandler']>[0]>;

type PageHandler = (request: Request) => Promise<Response> | Response;

export class Desktop {
  readonly ipc = new FakeElectron();
  readonly windows: BrowserWindowConstructorOptions[] = [];
  readonly loaded: string[] = [];
  readonly folder: string;
  mayUse: PermissionHandler | null = null;
  #pages: PageHandler | null = null;
  readonly #listeners = new Map<string, () => void>();

  constructor(folder: string) {
    this.folder = folder;
    this.ipc.frame = makeFrame('app://localhost');
  }

  /** What the page gets when it asks for an address. */
  async page(url: string): Promise<Response> {
    if (this.#pages === null) throw new Error('Nobody serves pages.');
    return this.#pages(new Request(url));
  }

  /** Run one of the CommonJS bundles, with this in place of Electron. */
  run(name: string, env: NodeJS.ProcessEnv = {}): void {
    const file = path.join(this.folder, name);
    const real = createRequire(file);
    const require = (id: string): unknown => (id === 'electron' ? this.#modules(name) : real(id));
    const body = [
      'require',
      'module',
      'exports',
      '__dirname',
      '__filename',
      'process',
      readFileSync(file, 'utf8'),
    ];
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- It is how Node itself runs a CommonJS file.
    const program = new Function(...body) as (...given: unknown[]) => void;
    program(require, { exports: {} }, {}, this.folder, file, { ...process, env });
  }

  /** What the page finds. */
  get bridge(): VoiceBridge {
    return this.ipc.world['limiVoice'] as VoiceBridge;
  }

  quit(): void {
    this.#listeners.get('will-quit')?.();
  }

  /** Each process has only what is its own. */
  #modules(name: string): object {
    const { ipcMain, ipcRenderer, contextBridge } = this.ipc;
    if (name === 'preload.cjs') return { ipcRenderer, contextBridge };
    return {
      ipcMain,
      app: this.#app(),
      BrowserWindow: this.#windowClass(),
      session: this.#session(),
      ...this.#net(),
    };
  }

  #app(): Partial<App> {
    const listen = (name: string, listener: () => void): App => {
      this.#listeners.set(name, listener);
      return {} as App;
    };
    return { whenReady: () => Promise.resolve(), on: listen, once: listen } as Partial<App>;
  }

  #session(): object {
    return {
      defaultSession: {
        setPermissionRequestHandler: (handler: PermissionHandler) => {
          this.mayUse = handler;
        },
      },
    };
  }

  #net(): object {
    return {
      net: {
        fetch: (url: string) => Promise.resolve(new Response(readFileSync(fileURLToPath(url), 'utf8'))),
      },
      protocol: {
        registerSchemesAsPrivileged: () => undefined,
        handle: (_scheme: string, handler: PageHandler) => {
          this.#pages = handler;
        },
      },
    };
  }

  #windowClass(): unknown {
    const { windows, loaded } = this;
    return class {
      readonly webContents = { setWindowOpenHandler: () => undefined, on: () => undefined };

      constructor(options: BrowserWindowConstructorOptions) {
        windows.push(options);
      }

      loadURL(file: string): Promise<void> {
        loaded.push(file);
        return Promise.resolve();
      }
    };
  }
}

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

export const REPOSITORY = path.resolve(import.meta.dirname, '../../..');
/** Far above what a busy machine needs. */
const START_MS = 60_000;

/** `limi serve` of this checkout on a free port, in a folder of its own. */
export class LimiServer {
  readonly url: string;
  readonly #folder: string;
  readonly #settings: Readonly<Record<string, string>>;
  #process: ChildProcess;

  private constructor(running: Running, folder: string, settings: Readonly<Record<string, string>>) {
    this.#process = running.process;
    this.url = running.url;
    this.#folder = folder;
    this.#settings = settings;
  }

  /** Starts one with these settings and waits until it answers. */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<LimiServer> {
    const folder = mkdtempSync(path.join(tmpdir(), 'limi-voice-page-'));
    return new LimiServer(await run(folder, '0', settings), folder, settings);
  }

  /** Ends it without a word, as a power cut would. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Starts it again at the same place. */
  async startAgain(): Promise<void> {
    this.#process = (await run(this.#folder, new URL(this.url).port, this.#settings)).process;
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill(signal);
    await ended;
  }
}

interface Running {
  process: ChildProcess;
  url: string;
}

async function run(
  folder: string,
  port: string,
  settings: Readonly<Record<string, string>>,
): Promise<Running> {
  const program = path.join(REPOSITORY, '.venv/bin/limi');
  if (!existsSync(program)) throw new Error(`there is no ${program}: \`make test\` makes it`);
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    LANG: 'C.UTF-8',
    // The checkout's weights, where it has them: then the sandbox understands words.
    LIMI_SPEECH_DIR: process.env['LIMI_SPEECH_DIR'] ?? path.join(REPOSITORY, '.limi/speech'),
    ...settings,
  };
  const server = spawn(program, ['serve', '--port', port], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const stop = (): void => void server.kill('SIGKILL');
  process.once('exit', stop);
  server.once('exit', () => process.off('exit', stop));
  const limit = setTimeout(stop, START_MS);
  const log: string[] = [];
  return await new Promise((resolve, reject) => {
    // The log is read to its end, or the server would wait for somebody to take it.
    const lines = createInterface({ input: server.stderr });
    lines.on('line', (line) => {
      log.push(line);
      if (!line.includes('"limi.started"')) return;
      clearTimeout(limit);
      resolve({ process: server, url: (JSON.parse(line) as { url: string }).url });
    });
    lines.once('close', () => {
      clearTimeout(limit);
      reject(new Error(`limi serve ended:\n${log.join('\n')}`));
    });
  });
}

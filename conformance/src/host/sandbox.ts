import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';

const REPOSITORY = path.resolve(import.meta.dirname, '../../..');
/** Far above what a busy machine needs. */
const START_MS = 60_000;

export const PYTHON = path.join(REPOSITORY, '.venv/bin/python');

interface Ready {
  base_url: string;
  ca_file?: string;
}

/** `limi sandbox` of this checkout, in a process of its own that ends with this one. */
export class Sandbox {
  readonly url: string;
  /** The certificate of the authority behind its own, if it answers by TLS. */
  readonly caFile: string | undefined;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, ready: Ready) {
    this.#process = process;
    // The name may lead to another address first; the sandbox listens on this one.
    this.url = ready.base_url.replace('localhost', '127.0.0.1');
    this.caFile = ready.ca_file;
  }

  /** Starts one on a free port and waits until it answers. */
  static async start(...options: string[]): Promise<Sandbox> {
    if (!existsSync(PYTHON)) throw new Error(`there is no ${PYTHON}: \`make test\` makes it`);
    const folder = path.join(REPOSITORY, 'conformance/output/sandbox');
    mkdirSync(folder, { recursive: true });
    const command = [
      '-m',
      'limi',
      'sandbox',
      '--port',
      '0',
      '--print-json',
      '--exit-with-parent',
      ...options,
    ];
    const log = path.join(folder, `sandbox${options.includes('--tls') ? '-tls' : ''}.log`);
    const stdio: StdioOptions = ['pipe', 'pipe', openSync(log, 'w')];
    const process = spawn(PYTHON, command, { cwd: folder, stdio });
    const output = process.stdout;
    if (!output) throw new Error('there is no pipe to the sandbox');
    const limit = setTimeout(() => process.kill('SIGKILL'), START_MS);
    try {
      for await (const line of createInterface({ input: output })) {
        return new Sandbox(process, JSON.parse(line) as Ready);
      }
      throw new Error(`limi sandbox ended before it answered: ${readFileSync(log, 'utf8')}`);
    } finally {
      clearTimeout(limit);
    }
  }

  async stop(): Promise<void> {
    const ended = this.#process.exitCode === null ? once(this.#process, 'exit') : Promise.resolve();
    this.#process.stdin?.end();
    await ended;
  }
}

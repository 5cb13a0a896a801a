/** `limi serve` of this checkout with its sandbox, in a process of its own. */

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

const REPOSITORY = path.resolve(import.meta.dirname, '../../../../..');
const LIMI = path.join(REPOSITORY, '.venv/bin/limi');
const SPEECH = process.env['LIMI_SPEECH_DIR'] ?? path.join(REPOSITORY, '.limi/speech');
/** A sandbox outside takes any. */
const STANDARD_KEY = 'sk-sandbox';
/** Far above what a busy machine needs. */
const START_MS = 60_000;

/** Whether the sandbox understands words here, or only that something was said. */
export const HEARS_WORDS = existsSync(SPEECH);

export class Server {
  readonly port: number;
  readonly #folder: string;
  readonly #command: readonly string[];
  readonly #environment: NodeJS.ProcessEnv;
  #process: ChildProcess | null = null;

  private constructor(
    port: number,
    folder: string,
    command: readonly string[],
    environment: NodeJS.ProcessEnv = {},
  ) {
    this.port = port;
    this.#folder = folder;
    this.#command = command;
    this.#environment = environment;
  }

  /** A backend with the sandbox inside; or with the one given as its upstream. */
  static async start(upstream?: Server): Promise<Server> {
    const environment =
      upstream === undefined ? {} : { LIMI_UPSTREAM_URL: `${upstream.url}/v1`, OPENAI_API_KEY: STANDARD_KEY };
    return Server.#run(['serve'], environment);
  }

  /**
   * A sandbox of its own: its standard key is known, so calls can be hung up, and it lets faults be asked for. It is
   * spoken to in writing, and answers at once.
   */
  static async startSandbox(): Promise<Server> {
    return Server.#run(['sandbox', '--faults', '--speech', 'small']);
  }

  static async #run(command: readonly string[], environment?: NodeJS.ProcessEnv): Promise<Server> {
    if (!existsSync(LIMI)) throw new Error(`there is no ${LIMI}: \`make test\` makes it`);
    const output = path.resolve(import.meta.dirname, '../../output');
    mkdirSync(output, { recursive: true });
    const folder = mkdtempSync(path.join(output, 'server-'));
    const server = new Server(await freePort(), folder, command, environment);
    await server.begin();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${String(this.port)}`;
  }

  /** Start it, or start it again at the same place. */
  async begin(): Promise<void> {
    const log = openSync(path.join(this.#folder, 'server.log'), 'a');
    this.#process = spawn(LIMI, [...this.#command, '--port', String(this.port)], {
      cwd: this.#folder,
      stdio: ['ignore', log, log],
      env: {
        PATH: process.env['PATH'],
        HOME: this.#folder,
        ...(HEARS_WORDS ? { LIMI_SPEECH_DIR: SPEECH } : { LIMI_SPEECH: 'small' }),
        ...this.#environment,
      },
    });
    const end = Date.now() + START_MS;
    while (!(await this.#answers())) {
      if (this.#process.exitCode !== null || Date.now() > end) {
        await this.stop();
        throw new Error(`limi serve did not start: see ${this.#folder}/server.log`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async stop(): Promise<void> {
    const ended = this.#process;
    this.#process = null;
    if (ended?.exitCode !== null) return;
    ended.kill('SIGKILL');
    await once(ended, 'exit');
  }

  /** End a call as an operator would: upstream knows no more than that it is over. */
  async hangUp(callId: string): Promise<number> {
    const answer = await fetch(`${this.url}/v1/realtime/calls/${callId}/hangup`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${STANDARD_KEY}` },
    });
    return answer.status;
  }

  /** Have something go wrong from now on, as the sandbox's rules of faults say it. */
  async harm(...rules: readonly Record<string, unknown>[]): Promise<void> {
    await this.#faults('POST', JSON.stringify(rules));
  }

  /** Have everything go well again. */
  async heal(): Promise<void> {
    await this.#faults('DELETE');
  }

  async #faults(method: string, body: string | null = null): Promise<void> {
    const headers = { Authorization: `Bearer ${STANDARD_KEY}` };
    const answer = await fetch(`${this.url}/v1/_limi/faults`, { method, headers, body });
    if (!answer.ok) throw new Error(await answer.text());
  }

  async #answers(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}${this.#command[0] === 'serve' ? '/healthz' : '/'}`)).status < 500;
    } catch {
      return false;
    }
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

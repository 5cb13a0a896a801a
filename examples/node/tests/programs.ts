import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

const ROOT = path.resolve(import.meta.dirname, '..');

function run(program: string, args: readonly string[], backend: string, more: NodeJS.ProcessEnv = {}) {
  return spawn(process.execPath, [path.join(ROOT, program), ...args], {
    env: { PATH: process.env['PATH'], LIMI_BACKEND_URL: backend, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Runs a program to its end. */
export async function outcome(
  program: string,
  args: readonly string[],
  backend: string,
): Promise<{ code: number | null; said: string; complained: string }> {
  const child = run(program, args, backend);
  const [, said, complained] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code: child.exitCode, said, complained };
}

/** Starts the service on a free port. */
export async function startService(
  backend: string,
  apiKey?: string,
): Promise<{ url: string; program: ChildProcess; complaints: () => string }> {
  const program = run('service.mjs', [], backend, {
    PORT: '0',
    ...(apiKey === undefined ? {} : { LIMI_API_KEY: apiKey }),
  });
  let complaints = '';
  program.stderr.on('data', (said) => (complaints += String(said)));
  const [line] = (await once(createInterface({ input: program.stdout }), 'line')) as [string];
  const url = /http:\/\/localhost:\d+/.exec(line)?.[0];
  if (url === undefined) throw new Error(`the service said: ${line}`);
  return { url, program, complaints: () => complaints };
}

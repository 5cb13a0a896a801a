import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { standardKey, target } from './target.ts';

/** A call that somebody else holds over WebRTC, for clients that can only watch one. */
export interface Call {
  id: string;
  end(): Promise<void>;
}

export async function openCall(base: string): Promise<Call> {
  const peer = spawn(target().python, ['-m', 'conformance.python_clients.call_peer', base, target().model], {
    cwd: path.resolve(import.meta.dirname, '../../..'),
    env: { ...process.env, ...trusted(), OPENAI_API_KEY: standardKey() },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(peer, 'exit');
  for await (const id of createInterface({ input: peer.stdout })) {
    return {
      id,
      end: async () => {
        peer.stdin.end();
        await ended;
      },
    };
  }
  throw new Error('the peer of the call ended before there was a call');
}

/** The same certificate that Node was told to trust, as Python wants to be told. */
function trusted(): Record<string, string> {
  const file = process.env.NODE_EXTRA_CA_CERTS;
  return file ? { SSL_CERT_FILE: file } : {};
}

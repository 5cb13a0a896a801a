import { prepareSchema } from './frames.ts';
import { PYTHON, Sandbox } from './sandbox.ts';
import { handDown, targetFromEnvironment } from './target.ts';

/** The parts that need no weights: every machine has them, and they are the same every time. */
const SMALL = ['--speech', 'small'];

/**
 * Prepares what events are held against and starts what is to be tried, unless the environment names it already;
 * returns how to end it again.
 */
export async function setUp({ tls }: { tls: boolean }): Promise<() => Promise<void>> {
  prepareSchema();
  if (targetFromEnvironment()) return () => Promise.resolve();
  const plain = await Sandbox.start(...SMALL);
  const secure = tls ? await Sandbox.start(...SMALL, '--tls') : undefined;
  handDown({ url: plain.url, tlsUrl: secure?.url ?? '', model: 'gpt-realtime-2.1', python: PYTHON });
  // Node reads this when it starts, and the processes that run the tests have not started yet.
  if (secure?.caFile) process.env.NODE_EXTRA_CA_CERTS = secure.caFile;
  return async () => {
    await plain.stop();
    await secure?.stop();
  };
}

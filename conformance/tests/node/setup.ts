import { setUp } from '../../src/host/setup.ts';

export default async function setup(): Promise<() => Promise<void>> {
  return await setUp({ tls: true });
}

import { exampleConfig } from '../../web/tests/host/example-config.ts';

// Beside these there are Vitest's, which end in `.test.ts`.
export default { ...exampleConfig(import.meta.dirname), testMatch: '*.spec.ts' };

import { exampleConfig } from '../../web/tests/host/example-config.ts';

export default exampleConfig(import.meta.dirname);

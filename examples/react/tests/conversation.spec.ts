import path from 'node:path';
import { testExample } from '../../../web/tests/host/example-tests.ts';
import { ROOT, serve } from './site.ts';

testExample({
  platform: 'React: the example',
  picture: path.join(ROOT, 'output/react-conversation.png'),
  serve,
});

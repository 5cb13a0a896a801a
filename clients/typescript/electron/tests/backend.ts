/** A backend which answers what a test says, as the `platform` of a main process. */
import type { Platform } from '@limi-ai/client';
import { FakePlatform } from '@limi-ai/client/testing';
import type { FakeAnswer } from '@limi-ai/client/testing';

export function refusing(answer: FakeAnswer): Platform {
  const world = new FakePlatform();
  world.answer = () => answer;
  return world;
}

/** How reports are gathered and handed over. */

import { expect, test } from 'vitest';
import { Backend } from '../../src/backend.ts';
import { Reports } from '../../src/reports.ts';
import { FakePlatform } from '../../src/testing.ts';

function make(): { world: FakePlatform; reports: Reports } {
  const world = new FakePlatform();
  return { world, reports: new Reports(new Backend('http://limi.test/api', {}, world), world, true) };
}

const problem = { type: 'error_occurred', errorCode: 'network_error', errorMessage: 'lost' } as const;

function sent(world: FakePlatform): unknown[][] {
  return world.bodies('/analytics/events').map((body) => (body as { events: unknown[] }).events);
}

test('what happens within two seconds goes together', async () => {
  const { world, reports } = make();
  reports.add(problem);
  await world.pass(1_500);
  reports.add(problem);
  await world.pass(500);
  expect(sent(world).map(({ length }) => length)).toEqual([2]);
  expect(world.held.timers).toBe(0);
});

test('each report has an identity, so that it counts once', async () => {
  const { world, reports } = make();
  reports.add(problem);
  reports.add(problem);
  await reports.flush();
  const ids = sent(world)[0]?.map((event) => (event as { id: string }).id);
  expect(new Set(ids).size).toBe(2);
});

test('no more than a hundred wait; the oldest go', async () => {
  const { world, reports } = make();
  for (let serial = 0; serial < 130; serial += 1) reports.add({ ...problem, errorMessage: String(serial) });
  await reports.flush();
  expect(sent(world)[0]).toHaveLength(100);
  expect(sent(world)[0]?.[0]).toMatchObject({ errorMessage: '30' });
});

test('a backend that does not take reports is left alone', async () => {
  const { world, reports } = make();
  world.answer = () => ({ status: 404, body: { code: 'not_found', message: 'no' } });
  reports.add(problem);
  await reports.flush();
  reports.add(problem);
  await world.pass(10_000);
  expect(sent(world)).toHaveLength(1);
});

test.each([429, 503])('a backend that is busy (%d) is told the next ones', async (status) => {
  const { world, reports } = make();
  world.answer = () => ({ status, body: { code: 'overloaded', message: 'later' } });
  reports.add(problem);
  await reports.flush();
  reports.add(problem);
  await reports.flush();
  expect(sent(world)).toHaveLength(2);
});

test('nobody waits longer than three seconds for a silent backend', async () => {
  const { world, reports } = make();
  world.answer = () => 'silent';
  reports.add(problem);
  const flushed = reports.flush();
  await world.pass(3_000);
  await flushed;
  expect(world.held).toMatchObject({ timers: 0, requests: 0 });
});

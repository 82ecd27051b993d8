import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { costDocument } from '../cost/document.ts';
import { apiTasksAt, capacityAt, dollars, estimate } from '../cost/estimate.ts';
import { LOADS } from '../cost/load.ts';
import { deployedIn } from '../cost/resources.ts';
import { defaults, synthesise } from './support/synthesis.ts';

const TARGET = 0.6;

describe('the estimate of a month', () => {
  it('counts what the templates have', () => {
    const { apiTask, workerTask, natGateways, databaseInstances, alarmMetrics, keys, secrets, endpointZones, ownMetrics } =
      deployedIn(defaults());
    assert.deepEqual(
      [apiTask, workerTask],
      [
        { cpu: 0.5, gb: 1, tasks: 2 },
        { cpu: 0.5, gb: 1, tasks: 2 },
      ],
    );
    assert.deepEqual(
      { natGateways, databaseInstances, keys, secrets, endpointZones, ownMetrics },
      {
        natGateways: 2,
        databaseInstances: 2,
        keys: 2,
        secrets: 5,
        endpointZones: 10,
        ownMetrics: 21,
      },
    );
    assert.equal(alarmMetrics, 19); // 15 alarms, of which one takes three metrics and two take two
    const smaller = deployedIn(synthesise({ nat_gateways: '1', database_readers: '0' }));
    assert.deepEqual([smaller.natGateways, smaller.databaseInstances], [1, 1]);
  });

  it('grows with the load, of which the fixed part is most at first', () => {
    const deployed = deployedIn(defaults());
    const [one, hundred, most] = LOADS.map((load) => dollars(estimate(load, deployed, TARGET))) as [number, number, number];
    assert.ok(one < hundred && hundred < most, `${one} ${hundred} ${most}`);
    assert.ok(hundred < 10 * one);
    assert.deepEqual([apiTasksAt(1, deployed, TARGET), apiTasksAt(10_000, deployed, TARGET)], [2, 84]);
    assert.deepEqual([capacityAt(1, deployed), capacityAt(10_000, deployed)], [0.5, 100]);
  });

  it('is what docs/cost.md says, but for its layout', () => {
    const words = (text: string): string[] => text.replace(/\|\s*-+\s*(?=\|)/g, '|').split(/[\s|]+/);
    const document = readFileSync(join(import.meta.dirname, '../../docs/cost.md'), 'utf8');
    assert.deepEqual(words(document), words(costDocument(deployedIn(defaults()), TARGET)));
  });
});

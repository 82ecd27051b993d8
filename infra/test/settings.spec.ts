import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readSettings } from '../src/settings/read-settings.ts';
import { SETTINGS } from '../src/settings/settings.ts';

describe('the settings', () => {
  it('have defaults, which the context replaces, as text or as JSON', () => {
    const { thresholds, services, alarms } = readSettings(SETTINGS, { alarm_latency: '0.5', api_tasks: 3, alarm_email: '' });
    assert.deepEqual([thresholds.latency, services.apiTasks, alarms.email, thresholds.errorRate], [0.5, 3, undefined, 5]);
  });

  it('of which one is not accepted are refused, all at once, and so is a key that none has', () => {
    const given = { api_tasks: '0', log_days: '8', alarm_emial: 'a@example.com', domain: 'no', database_proxy: 'yes' };
    assert.throws(
      () => readSettings(SETTINGS, given),
      (error: Error) => {
        const lines = error.message.split('\n').map((line) => line.trim());
        assert.equal(lines.length, 6);
        assert.ok(lines.includes('alarm_emial is no setting: see infra/README.md'));
        assert.ok(lines.includes('api_tasks is "0": it must be tasks, 1 to 500 (Least tasks of the api.)'));
        return true;
      },
    );
  });

  it("leave CDK's own context alone", () => {
    assert.doesNotThrow(() => readSettings(SETTINGS, { 'aws:cdk:bundling-stacks': [], '@aws-cdk/core:target': 1 }));
  });

  it('have keys of their own, and a default that they accept', () => {
    const all = Object.values(SETTINGS).flatMap((group) => Object.values(group));
    assert.equal(new Set(all.map(({ key }) => key)).size, all.length);
    for (const { key, default: standard, read } of all) {
      if (standard !== undefined) assert.deepEqual(read(String(standard)), standard, key);
    }
  });
});

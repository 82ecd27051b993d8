import { App, Stack } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { build } from '../src/deployment.ts';
import { settingsOf } from '../src/settings/check-settings.ts';
import { FEATURE_FLAGS } from '../src/feature-flags.ts';
import { ACKNOWLEDGEMENTS } from '../src/permissions/acknowledgements.ts';
import { checkBy, findingsIn } from './support/nag.ts';
import { contextOf } from './support/synthesis.ts';

/** The findings of AwsSolutions in the given app. */
function findings(build: (app: App) => void): string[] {
  const outdir = mkdtempSync(join(tmpdir(), 'pikaia-nag-'));
  const print = console.error;
  console.error = () => undefined; // cdk-nag prints every finding
  try {
    const app = new App({ outdir, context: contextOf(), postCliContext: { ...FEATURE_FLAGS }, analyticsReporting: false });
    checkBy(app);
    build(app);
    assert.throws(() => app.synth(), /Validation failed/); // a finding without an acknowledgement fails the synthesis
    return findingsIn(outdir);
  } finally {
    console.error = print;
    rmSync(outdir, { recursive: true }); // what mkdtemp returned
  }
}

describe('cdk-nag with the rules of AwsSolutions', () => {
  it('finds exactly the acknowledged findings', () => {
    assert.deepEqual(
      findings((app) => void build(app, settingsOf(contextOf()))),
      ACKNOWLEDGEMENTS.map(({ rule, path }) => `${rule} at ${path}`).sort(),
    );
    for (const { path, reason } of ACKNOWLEDGEMENTS) assert.match(reason, /^.{40,}\.$/, path);
  });

  it('finds a queue without TLS and without a dead-letter queue (planted)', () => {
    const planted = findings((app) => void new Queue(new Stack(app, 'Planted'), 'Queue'));
    assert.deepEqual(planted, ['AwsSolutions-SQS3 at Planted/Queue/Resource', 'AwsSolutions-SQS4 at Planted/Queue/Resource']);
  });
});

import { App } from 'aws-cdk-lib';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { deploy } from '../src/deployment.ts';
import { readSettingsFile } from '../src/settings/settings-file.ts';
import { settingsOf } from '../src/settings/check-settings.ts';
import { SETTINGS } from '../src/settings/settings.ts';
import { buildExample } from './support/example.ts';
import { BUNDLES, contextOf, defaults, IMAGE, synthesize, type Template } from './support/synthesis.ts';

const folder = mkdtempSync(join(tmpdir(), 'pikaia-settings-'));
after(() => rmSync(folder, { recursive: true }));

const ALL = Object.values(SETTINGS).flatMap((group) => Object.values(group));
const REQUIRED = ALL.filter(({ requiredBy }) => requiredBy).map(({ key }) => key);

/** The settings file of a production deployment. */
const REAL = {
  region: 'eu-central-1',
  domain: 'app.pikaia.dev',
  certificate_arn: 'arn:aws:acm:eu-central-1:210987654321:certificate/1f2e3d4c-0a1b-4c2d-8e3f-123456789abc',
  session_jwks_url: 'https://sessions.pikaia.dev/jwks',
  session_issuer: 'sessions.pikaia.dev',
  session_audience: 'project-live-1',
  mail_domain: 'pikaia.dev',
  database_deletion_protection: true,
  alarm_email: 'ops@pikaia.dev',
  image: IMAGE,
  consumer_bundles: BUNDLES,
};

let files = 0;
function fileOf(content: unknown): string {
  const path = join(folder, `settings-${++files}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const deployWith = (context: Record<string, unknown>): ReturnType<typeof deploy> =>
  deploy(new App({ outdir: join(folder, 'out'), context: { 'aws:cdk:disable-stack-trace': true, ...context } }));

function problemsOf(action: () => unknown): string[] {
  let lines: string[] = [];
  assert.throws(action, (error: Error) => {
    lines = error.message.split('\n').map((line) => line.trim());
    return true;
  });
  return lines.slice(1, -1);
}

describe('the settings', () => {
  it('have defaults, which the context overrides with strings or JSON values', () => {
    const given = contextOf({ alarm_latency: '0.5', api_tasks: 3, session_operator_organization: '' });
    const { thresholds, services } = settingsOf(given);
    assert.deepEqual(
      [thresholds.latency, services.apiTasks, services.sessionOperatorOrganization, thresholds.errorRate],
      [0.5, 3, undefined, 5],
    );
  });

  it('are refused with one error that lists all invalid values and unknown keys', () => {
    const given = { api_tasks: '0', log_days: '8', alarm_emial: 'a@example.com', domain: 'no', database_proxy: 'yes' };
    const problems = problemsOf(() => settingsOf(contextOf(given)));
    assert.equal(problems.length, 5);
    assert.ok(problems.includes('alarm_emial is not a setting: see infra/README.md'));
    assert.ok(problems.includes('api_tasks is "0": it must be tasks, 1 to 500 (Minimum number of api tasks.)'));
  });

  it('are refused if a number is not written in decimal digits', () => {
    for (const value of ['1e1', '0x2', ' 2', '+2', '02', '2.0'])
      assert.throws(() => settingsOf(contextOf({ api_tasks: value })), value);
    for (const value of ['.5', '5e-1', '00.5', '+0.5'])
      assert.throws(() => settingsOf(contextOf({ alarm_latency: value })), value);
  });

  it('ignore the context keys of the CDK', () => {
    assert.doesNotThrow(() => settingsOf(contextOf({ 'aws:cdk:bundling-stacks': [], '@aws-cdk/core:target': 1 })));
  });

  it('have unique keys and valid defaults', () => {
    assert.equal(new Set(ALL.map(({ key }) => key)).size, ALL.length);
    for (const { key, default: standard, read, requiredBy } of ALL) {
      if (standard !== undefined) assert.deepEqual(read(String(standard)), standard, key);
      if (requiredBy) assert.equal(standard, undefined, `${key} is required and has a default`);
    }
  });

  it('are refused if they contain placeholders', () => {
    for (const key of REQUIRED) {
      for (const value of ['…', '<yours>', ' ']) assert.throws(() => settingsOf(contextOf({ [key]: value })), key);
    }
  });

  for (const [given, problem] of [
    [{ region: 'eu-west-1' }, /^certificate_arn is of eu-central-1: a load balancer in eu-west-1 needs a certificate of that/],
    [{ account: '210987654321' }, /^certificate_arn is of the account 123456789012: it must be one of the account 2109/],
    [{ alarm_email: '' }, /^alarm_email and alarm_https are missing: PikaiaObservability needs one of them/],
    [{ api_tasks: 20 }, /^api_tasks_most is 10: it must be at least api_tasks, which is 20/],
    [{ database_min_acu: 32 }, /^database_max_acu is 16: it must be at least database_min_acu, which is 32/],
    [{ queue_max_receives: 1000, consumer_timeout: 900 }, /^queue_max_receives is 1000: .* up to 62\.5 days of retries, and a/],
    [{ alarm_healthy_hosts: 3 }, /^alarm_healthy_hosts is 3: with 2 api_tasks the alarm would always be on/],
  ] as const) {
    it(`are refused if they conflict: ${JSON.stringify(given)}`, () => {
      const problems = problemsOf(() => settingsOf(contextOf(given)));
      assert.equal(problems.length, 1);
      assert.match(problems[0]!, problem);
    });
  }
});

describe('a deployment', () => {
  it('without settings fails with a list of the missing settings, the stacks that need them and where to give them', () => {
    const { status, stderr } = spawnSync(process.execPath, ['src/main.ts'], {
      cwd: join(import.meta.dirname, '..'),
      encoding: 'utf8',
      env: {
        ...process.env,
        CDK_OUTDIR: join(folder, 'none'),
        CDK_CONTEXT_JSON: JSON.stringify({ alarm_email: 'ops@example.com', settings_file: fileOf({}) }),
      },
    });
    assert.notEqual(status, 0);
    for (const key of REQUIRED) assert.match(stderr, new RegExp(`^ *${key} is missing \\(needed by .+\\): it must be `, 'm'));
    assert.match(stderr, /Keep them in infra\/settings\.json .* or use --context <key>=<value>\./);
  });

  for (const missing of REQUIRED) {
    it(`is refused without ${missing}`, () => {
      const { [missing as keyof typeof REAL]: _, ...rest } = REAL;
      const problems = problemsOf(() => deployWith({ settings_file: fileOf(rest) }));
      assert.deepEqual(
        problems.map((line) => line.split(' (')[0]),
        [`${missing} is missing`],
      );
    });
  }

  it('reads its settings from the file, and --context overrides them', () => {
    const settings_file = fileOf({ ...REAL, api_tasks: 4, log_days: 60 });
    const { settings } = deployWith({ settings_file, log_days: '90' });
    assert.deepEqual(
      [settings.services.domain, settings.services.apiTasks, settings.logs.days, settings.general.settingsFile],
      ['app.pikaia.dev', 4, 90, settings_file],
    );
  });

  it('with another alarm address changes the template of PikaiaObservability and of no other stack', () => {
    const settings_file = fileOf(REAL);
    const templateOf = (context: Record<string, unknown>): Record<string, Template> => {
      const app = new App({
        outdir: join(folder, `out-${++files}`),
        context: { 'aws:cdk:disable-stack-trace': true, ...context },
      });
      deploy(app);
      return Object.fromEntries(app.synth().stacks.map(({ stackName, template }) => [stackName, template as Template]));
    };
    const [one, all] = [templateOf({ settings_file, alarm_email: 'other@pikaia.dev' }), templateOf({ settings_file })];
    for (const name of ['PikaiaNetwork', 'PikaiaData', 'PikaiaEvents', 'PikaiaApp']) assert.deepEqual(one[name], all[name], name);
    assert.notDeepEqual(one['PikaiaObservability'], all['PikaiaObservability']);
  });

  it('is refused with the example values, and with names that are reserved for examples', () => {
    const example = problemsOf(() => deployWith({ settings_file: 'settings.example.json' }));
    assert.deepEqual(
      example.map((line) => line.split(' ')[0]),
      ['domain', 'certificate_arn', 'session_jwks_url', 'session_issuer', 'session_audience', 'mail_domain'],
    );
    for (const domain of ['www.example.com', 'pikaia.example', 'app.test'])
      assert.deepEqual(
        problemsOf(() => deployWith({ settings_file: fileOf({ ...REAL, domain }) })),
        [`domain is "${domain}", a name that is reserved for examples`],
      );
  });
});

describe('a settings file', () => {
  for (const [what, content, why] of [
    ['that is not JSON', '{ "domain": ', /is not JSON/],
    ['that is a list', '[]', /is not a JSON object/],
    [
      'with a value that is not a string, number or boolean',
      { domain: ['a.dev'] },
      /domain must be a string, a number or a boolean/,
    ],
    ['that names another settings file', { settings_file: 'other.json' }, /cannot name another one/],
  ] as const) {
    it(`${what} is refused`, () => assert.throws(() => readSettingsFile(fileOf(content)), why));
  }

  it('that is named but does not exist is refused', () => {
    assert.throws(() => readSettingsFile('settings.nowhere.json'), /There is no infra\/settings\.nowhere\.json/);
  });

  it('with an unknown key is refused, so that it cannot contain secrets', () => {
    const problems = problemsOf(() => deployWith({ settings_file: fileOf({ ...REAL, invitation_secret: 'x' }) }));
    assert.deepEqual(problems, ['invitation_secret is not a setting: see infra/README.md']);
    assert.deepEqual(
      ALL.filter(({ key }) => /secret|password|token/.test(key)),
      [],
    );
  });
});

describe('the synthesis without settings', () => {
  it('has every stack, with a parameter that prevents its deployment', () => {
    const context = { consumer_bundles: BUNDLES, image: IMAGE, 'aws:cdk:disable-stack-trace': true };
    const app = new App({ outdir: join(folder, 'example'), context });
    buildExample(app);
    const { stacks } = app.synth();
    assert.deepEqual(stacks.map(({ stackName }) => stackName).sort(), Object.keys(defaults().templates).sort());
    for (const { stackName, template } of stacks) {
      const { Parameters } = template as { Parameters: Record<string, { Type: string; Default?: unknown }> };
      assert.equal(Parameters['ExampleOnly']!.Type, 'String', stackName);
      assert.equal(Parameters['ExampleOnly']!.Default, undefined, stackName);
    }
  });

  it('uses a different CDK app than deployments', () => {
    const { app } = JSON.parse(readFileSync(join(import.meta.dirname, '../cdk.json'), 'utf8')) as { app: string };
    assert.match(app, / src\/main\.ts$/);
  });
});

describe('the synthesis with complete settings', () => {
  it('has no warnings', () => {
    assert.deepEqual(defaults().warnings, []);
    assert.deepEqual(synthesize({ database_proxy: 'true' }).warnings, []);
  });

  it('warns if the database and the load balancer can be deleted', () => {
    const { warnings } = synthesize({ database_deletion_protection: false });
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /^Database and load balancer can be deleted: set database_deletion_protection to true once/);
  });
});

import { CONSUMERS, type DeployedConsumer } from '@pikaia/reactions';
import { App } from 'aws-cdk-lib';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Deployment } from '../../src/deployment.ts';
import { FEATURE_FLAGS } from '../../src/feature-flags.ts';
import { exampleSettings } from '../../src/settings/settings-file.ts';
import { settingsOf } from '../../src/settings/check-settings.ts';

export const STACKS = ['PikaiaNetwork', 'PikaiaData', 'PikaiaEvents', 'PikaiaApp', 'PikaiaObservability'] as const;
export type StackName = (typeof STACKS)[number];

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DependsOn?: string | readonly string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown }>>;
}

export interface Synthesis {
  readonly deployment: Deployment;
  readonly templates: Readonly<Record<StackName, Template>>;
  readonly warnings: readonly string[];
  /** The platforms of the images that the deployment would build. */
  readonly imagePlatforms: readonly string[];
}

export const BUNDLES = join(import.meta.dirname, 'bundles');
export const IMAGE = '123456789012.dkr.ecr.eu-central-1.amazonaws.com/pikaia:1.0.0';

/**
 * The settings of settings.example.json, with the values for the time after the first deployment. Disables the stack traces of
 * constructs, which take most of the time.
 */
export const contextOf = (given: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  'aws:cdk:disable-stack-trace': true,
  ...exampleSettings(),
  database_deletion_protection: true,
  consumer_bundles: BUNDLES,
  image: IMAGE,
  ...given,
});

/** The templates that a deployment would send. */
export function synthesize(
  given: Readonly<Record<string, unknown>> = {},
  change: (deployment: Deployment) => void = () => undefined,
  consumers: readonly DeployedConsumer[] = CONSUMERS,
): Synthesis {
  const outdir = mkdtempSync(join(tmpdir(), 'pikaia-synth-'));
  try {
    const context = contextOf(given);
    const app = new App({ outdir, context, postCliContext: { ...FEATURE_FLAGS }, analyticsReporting: false });
    const deployment = build(app, settingsOf(context), consumers);
    change(deployment);
    const { stacks } = app.synth();
    const templates = Object.fromEntries(
      stacks.map(({ stackName, templateFullPath }) => [
        stackName,
        JSON.parse(readFileSync(templateFullPath, 'utf8')) as Template,
      ]),
    );
    return {
      deployment,
      templates: templates as Synthesis['templates'],
      imagePlatforms: stacks.flatMap(({ stackName }) => imagePlatformsIn(join(outdir, `${stackName}.assets.json`))),
      warnings: stacks.flatMap(({ messages }) => messages).map(({ entry }) => String(entry.data)),
    };
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

function imagePlatformsIn(file: string): string[] {
  const { dockerImages = {} } = JSON.parse(readFileSync(file, 'utf8')) as {
    dockerImages?: Record<string, { source: { platform: string } }>;
  };
  return Object.values(dockerImages).map(({ source }) => source.platform);
}

let cached: Synthesis | undefined;
/** The synthesis with default settings, created once for all specs. */
export const defaults = (): Synthesis => (cached ??= synthesize());

export function resourcesOf(template: Template, type: string): (Resource & { readonly id: string })[] {
  return Object.entries(template.Resources)
    .filter(([, resource]) => resource.Type === type)
    .map(([id, resource]) => ({ id, ...resource }));
}

export const allResources = ({ templates }: Synthesis, type: string): (Resource & { readonly id: string })[] =>
  Object.values(templates).flatMap((template) => resourcesOf(template, type));

import { App, CfnOutput, CfnParameter, Stack } from 'aws-cdk-lib';
import { build, type Deployment } from '../../src/deployment.ts';
import { FEATURE_FLAGS } from '../../src/feature-flags.ts';
import { exampleSettings } from '../../src/settings/settings-file.ts';
import { settingsOf } from '../../src/settings/check-settings.ts';

/**
 * Builds the stacks with the settings of settings.example.json, for a synthesis without real settings. Each stack has a parameter
 * without a default, so that neither the CDK nor CloudFormation can create or update it.
 */
export function buildExample(app = new App({ postCliContext: { ...FEATURE_FLAGS } })): { app: App; deployment: Deployment } {
  const deployment = build(app, settingsOf({ ...app.node.getAllContext(), ...exampleSettings() }));
  for (const stack of app.node.children.filter((child) => child instanceof Stack)) {
    const { valueAsString } = new CfnParameter(stack, 'ExampleOnly', {
      description: 'Made from settings.example.json, and not to be deployed: it has no value on purpose.',
    });
    new CfnOutput(stack, 'Example', { value: valueAsString });
  }
  return { app, deployment };
}

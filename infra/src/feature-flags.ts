/** Choices of the CDK that are ours, whatever its own defaults become. */
export const FEATURE_FLAGS: Readonly<Record<string, unknown>> = {
  // What another stack uses cannot be deleted under it.
  '@aws-cdk/core:defaultCrossStackReferences': 'strong',
  // Statements that say the same are one.
  '@aws-cdk/aws-iam:minimizePolicies': true,
  // A secret in an output or a plain property fails the synth.
  '@aws-cdk/core:checkSecretUsage': true,
};

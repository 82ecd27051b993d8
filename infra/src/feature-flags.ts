/** CDK feature flags that are set explicitly, so that changed defaults of the CDK have no effect. */
export const FEATURE_FLAGS: Readonly<Record<string, unknown>> = {
  // CloudFormation refuses to delete a resource that another stack uses.
  '@aws-cdk/core:defaultCrossStackReferences': 'strong',
  // Merges equivalent policy statements.
  '@aws-cdk/aws-iam:minimizePolicies': true,
  // Synthesis fails if an output or a plain property contains a secret.
  '@aws-cdk/core:checkSecretUsage': true,
};

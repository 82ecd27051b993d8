import { buildExample } from './support/example.ts';

// The CDK app of `npm run infra:synth`. Deployments use the app in cdk.json, src/main.ts.
buildExample();

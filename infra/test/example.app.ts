import { buildExample } from './support/example.ts';

// The application of `npm run infra:synth`. What is deployed is that of cdk.json, src/main.ts.
buildExample();

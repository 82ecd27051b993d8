import { App } from 'aws-cdk-lib';
import { deploy } from './deployment.ts';
import { FEATURE_FLAGS } from './feature-flags.ts';

deploy(new App({ postCliContext: { ...FEATURE_FLAGS } }));

import * as ecs from 'aws-cdk-lib/aws-ecs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { DATABASE_NAME, DATABASE_PORT } from '../data/data.stack.ts';

// The RDS certificate authorities in the image.
const CA_FILE = '/etc/ssl/certs/rds-global-bundle.pem';

/** The settings of the database connection. User and password are separate, because ECS injects keys of a secret, not URLs. */
export const databaseAt = (host: string): Record<string, string> => ({
  DATABASE_HOST: host,
  DATABASE_PORT: String(DATABASE_PORT),
  DATABASE_NAME,
  DATABASE_TLS_CA_FILE: CA_FILE,
});

export const databaseAs = (secret: ISecret): Record<string, ecs.Secret> => ({
  DATABASE_USER: ecs.Secret.fromSecretsManager(secret, 'username'),
  DATABASE_PASSWORD: ecs.Secret.fromSecretsManager(secret, 'password'),
});

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { IgnoreMode } from 'aws-cdk-lib';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import type { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';

const ROOT = resolve(import.meta.dirname, '../../..');
const DOCKERFILE = 'docker/Dockerfile';
// The paths that the Dockerfile copies. A change of any other file must not cause a new image.
const INCLUDED = [
  'apps',
  'libs',
  'scripts',
  'docker',
  'package.json',
  'package-lock.json',
  '.npmrc',
  'tsconfig.json',
  'tsconfig.base.json',
];
const EXCLUDED = ['**/node_modules', '**/dist', '**/*.spec.ts'];
const ECR = /^(\d{12})\.dkr\.ecr\.([\w-]+)\.amazonaws\.com(?:\.cn)?\/([^:@]+)[:@](.+)$/;

/** Returns the digest of an image or its tag, from which people know the version. Undefined if the reference has neither. */
export const versionOf = (reference: string): string | undefined => /[:@]((?:sha256:)?[^/:@]+)$/.exec(reference)?.[1];

/**
 * The image of api, worker and tasks. It is the given reference, with permission to pull it if it is in ECR. Without a
 * reference, the CDK builds docker/Dockerfile for the platform at deployment, not at synthesis.
 *
 * @throws Error if there is neither a reference nor a Dockerfile.
 */
export function imageOf(scope: Construct, reference: string | undefined, platform: Platform): ContainerImage {
  if (reference === undefined) {
    if (!existsSync(join(ROOT, DOCKERFILE))) throw new Error(`There is no ${DOCKERFILE}: name an image by --context image=….`);
    return ContainerImage.fromAsset(ROOT, {
      file: DOCKERFILE,
      platform,
      ignoreMode: IgnoreMode.DOCKER,
      exclude: ['*', ...INCLUDED.map((path) => `!${path}`), ...EXCLUDED],
    });
  }
  const inEcr = ECR.exec(reference);
  if (!inEcr) return ContainerImage.fromRegistry(reference);
  const [, account, region, name, tag] = inEcr;
  const repository = Repository.fromRepositoryAttributes(scope, 'Repository', {
    repositoryName: name!,
    repositoryArn: `arn:aws:ecr:${region}:${account}:repository/${name}`,
  });
  return ContainerImage.fromEcrRepository(repository, tag!);
}

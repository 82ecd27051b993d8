import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { IgnoreMode } from 'aws-cdk-lib';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';

const ROOT = resolve(import.meta.dirname, '../../..');
const DOCKERFILE = 'docker/Dockerfile';
// What the Dockerfile copies. Everything else stays out: its changes would make a new image of nothing new.
const CONTENTS = [
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
const LEFT_OUT = ['**/node_modules', '**/dist', '**/*.spec.ts'];
const ECR = /^(\d{12})\.dkr\.ecr\.([\w-]+)\.amazonaws\.com(?:\.cn)?\/([^:@]+)[:@](.+)$/;

/**
 * The one image of api, worker and tasks: the one that is named, pulled with a right of its own where it lies in ECR; or
 * docker/Dockerfile, which is built when deploying, never when synthesising.
 *
 * @throws Error where none is named and there is no Dockerfile.
 */
export function imageOf(scope: Construct, named: string | undefined): ContainerImage {
  if (named === undefined) {
    if (!existsSync(join(ROOT, DOCKERFILE))) throw new Error(`There is no ${DOCKERFILE}: name an image by --context image=….`);
    return ContainerImage.fromAsset(ROOT, {
      file: DOCKERFILE,
      platform: Platform.LINUX_ARM64,
      ignoreMode: IgnoreMode.DOCKER,
      exclude: ['*', ...CONTENTS.map((path) => `!${path}`), ...LEFT_OUT],
    });
  }
  const inEcr = ECR.exec(named);
  if (!inEcr) return ContainerImage.fromRegistry(named);
  const [, account, region, name, tag] = inEcr;
  const repository = Repository.fromRepositoryAttributes(scope, 'Repository', {
    repositoryName: name!,
    repositoryArn: `arn:aws:ecr:${region}:${account}:repository/${name}`,
  });
  return ContainerImage.fromEcrRepository(repository, tag!);
}

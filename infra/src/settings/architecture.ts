import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { CpuArchitecture } from 'aws-cdk-lib/aws-ecs';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import type { Settings } from './settings.ts';

/** What the setting `architecture` means for tasks, functions and the image that is built. */
const CHOICES = {
  arm64: { task: CpuArchitecture.ARM64, lambda: Architecture.ARM_64, platform: Platform.LINUX_ARM64 },
  x86_64: { task: CpuArchitecture.X86_64, lambda: Architecture.X86_64, platform: Platform.LINUX_AMD64 },
};

export const architectureOf = ({ general }: Pick<Settings, 'general'>): (typeof CHOICES)['arm64'] =>
  CHOICES[general.architecture];

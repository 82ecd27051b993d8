import { MathExpression, TreatMissingData, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { AlarmThresholds } from '../settings/thresholds.ts';
import type { AlarmDefinition } from './alarm.ts';
import { MINUTE, serviceMetrics } from './metrics.ts';
import type { Watched } from './watched.ts';

export function serviceAlarms(watched: Watched, at: AlarmThresholds): AlarmDefinition[] {
  const { cpu, memory } = serviceMetrics(watched, MINUTE);
  const usual = { comparison: 'above', missing: TreatMissingData.NOT_BREACHING, pages: false } as const;
  return [
    {
      ...usual,
      name: 'pikaia-ecs-high-cpu',
      means: `A task of api or worker uses more than ${at.ecsCpu} % of its CPU.`,
      metric: higher('CPU of the busiest task, %', cpu),
      threshold: at.ecsCpu,
      periods: at.ecsCpuPeriods,
    },
    {
      ...usual,
      name: 'pikaia-ecs-high-memory',
      means: `A task of api or worker uses more than ${at.ecsMemory} % of its memory.`,
      metric: higher('Memory of the largest task, %', memory),
      threshold: at.ecsMemory,
      periods: at.ecsMemoryPeriods,
    },
  ];
}

const higher = (label: string, usingMetrics: Record<string, IMetric>): MathExpression =>
  new MathExpression({ label, expression: `MAX([${Object.keys(usingMetrics).join(', ')}])`, usingMetrics, period: MINUTE });

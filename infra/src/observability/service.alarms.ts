import { MathExpression, TreatMissingData, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { AlarmThresholds } from '../settings/thresholds.ts';
import type { AlarmDefinition } from './alarm.ts';
import { MINUTE, serviceMetrics } from './metrics.ts';
import type { MonitoredStacks } from './monitored-stacks.ts';

export function serviceAlarms(stacks: MonitoredStacks, thresholds: AlarmThresholds): AlarmDefinition[] {
  const { cpu, memory } = serviceMetrics(stacks, MINUTE);
  const common = { comparison: 'above', missing: TreatMissingData.NOT_BREACHING, pages: false } as const;
  return [
    {
      ...common,
      name: 'pikaia-ecs-high-cpu',
      means: `A task of the api or the worker uses more than ${thresholds.ecsCpu} % of its CPU.`,
      metric: maximumOf('CPU of the busiest task, %', cpu),
      threshold: thresholds.ecsCpu,
      periods: thresholds.ecsCpuPeriods,
    },
    {
      ...common,
      name: 'pikaia-ecs-high-memory',
      means: `A task of the api or the worker uses more than ${thresholds.ecsMemory} % of its memory.`,
      metric: maximumOf('Memory of the largest task, %', memory),
      threshold: thresholds.ecsMemory,
      periods: thresholds.ecsMemoryPeriods,
    },
  ];
}

const maximumOf = (label: string, usingMetrics: Record<string, IMetric>): MathExpression =>
  new MathExpression({ label, expression: `MAX([${Object.keys(usingMetrics).join(', ')}])`, usingMetrics, period: MINUTE });

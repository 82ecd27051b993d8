import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { AlarmThresholds } from '../settings/thresholds.ts';
import type { AlarmDefinition } from './alarm.ts';
import { databaseMetrics, FIVE_MINUTES, MINUTE } from './metrics.ts';
import type { MonitoredStacks } from './monitored-stacks.ts';

export function databaseAlarms(stacks: MonitoredStacks, thresholds: AlarmThresholds): AlarmDefinition[] {
  const { cpu, connections } = databaseMetrics(stacks, MINUTE);
  const { xidAge } = databaseMetrics(stacks, FIVE_MINUTES);
  const common = { comparison: 'above', missing: TreatMissingData.NOT_BREACHING, pages: false } as const;
  return [
    {
      ...common,
      name: 'pikaia-db-high-cpu',
      means: `A database instance uses more than ${thresholds.dbCpu} % of its CPU.`,
      metric: cpu,
      threshold: thresholds.dbCpu,
      periods: thresholds.dbCpuPeriods,
    },
    {
      ...common,
      name: 'pikaia-db-high-connections',
      means: `A database instance has more than ${thresholds.dbConnections} connections.`,
      metric: connections,
      threshold: thresholds.dbConnections,
      periods: thresholds.dbConnectionsPeriods,
    },
    {
      ...common,
      name: 'pikaia-db-xid-age',
      means: `The oldest unfrozen transaction ID is more than ${thresholds.dbXidAge} transactions old.`,
      metric: xidAge,
      threshold: thresholds.dbXidAge,
      periods: thresholds.dbXidAgePeriods,
    },
  ];
}

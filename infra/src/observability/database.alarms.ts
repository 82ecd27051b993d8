import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { AlarmThresholds } from '../settings/thresholds.ts';
import type { AlarmDefinition } from './alarm.ts';
import { databaseMetrics, FIVE_MINUTES, MINUTE } from './metrics.ts';
import type { Watched } from './watched.ts';

export function databaseAlarms(watched: Watched, at: AlarmThresholds): AlarmDefinition[] {
  const { cpu, connections } = databaseMetrics(watched, MINUTE);
  const { xidAge } = databaseMetrics(watched, FIVE_MINUTES);
  const usual = { comparison: 'above', missing: TreatMissingData.NOT_BREACHING, pages: false } as const;
  return [
    {
      ...usual,
      name: 'pikaia-db-high-cpu',
      means: `An instance of the database uses more than ${at.dbCpu} % of its CPU.`,
      metric: cpu,
      threshold: at.dbCpu,
      periods: at.dbCpuPeriods,
    },
    {
      ...usual,
      name: 'pikaia-db-high-connections',
      means: `An instance of the database has more than ${at.dbConnections} connections.`,
      metric: connections,
      threshold: at.dbConnections,
      periods: at.dbConnectionsPeriods,
    },
    {
      ...usual,
      name: 'pikaia-db-xid-age',
      means: `The oldest transaction id that is not frozen is more than ${at.dbXidAge} transactions old.`,
      metric: xidAge,
      threshold: at.dbXidAge,
      periods: at.dbXidAgePeriods,
    },
  ];
}

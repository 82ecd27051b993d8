/** A price of AWS, as its page says for us-east-1. */
export interface Price {
  readonly dollars: number;
  readonly of: string;
  readonly page: string;
}

const price = (dollars: number, of: string, page: string): Price => ({ dollars, of, page: `https://aws.amazon.com/${page}` });

export const PRICED = { region: 'us-east-1', asOf: 'the end of 2025' } as const;

/** Copied by hand, and verified by nobody here: there is no way to the pages. */
export const PRICES = {
  fargateCpu: price(0.03238, 'vCPU-hour, Arm', 'fargate/pricing/'),
  fargateMemory: price(0.00356, 'GB-hour, Arm', 'fargate/pricing/'),
  balancer: price(0.0225, 'hour', 'elasticloadbalancing/pricing/'),
  balancerUnit: price(0.008, 'LCU-hour', 'elasticloadbalancing/pricing/'),
  nat: price(0.045, 'hour', 'vpc/pricing/'),
  natTraffic: price(0.045, 'GB', 'vpc/pricing/'),
  address: price(0.005, 'hour', 'vpc/pricing/'),
  endpoint: price(0.01, 'hour and zone', 'privatelink/pricing/'),
  endpointTraffic: price(0.01, 'GB', 'privatelink/pricing/'),
  transferOut: price(0.09, 'GB', 'ec2/pricing/on-demand/'),
  databaseCapacity: price(0.12, 'ACU-hour', 'rds/aurora/pricing/'),
  databaseStorage: price(0.1, 'GB-month', 'rds/aurora/pricing/'),
  databaseRequests: price(0.2, 'million I/O', 'rds/aurora/pricing/'),
  bus: price(1, 'million events', 'eventbridge/pricing/'),
  archive: price(0.1, 'GB taken in', 'eventbridge/pricing/'),
  queue: price(0.4, 'million requests', 'sqs/pricing/'),
  functionRequests: price(0.2, 'million', 'lambda/pricing/'),
  functionTime: price(0.0000133334, 'GB-second, Arm', 'lambda/pricing/'),
  mail: price(0.1, 'thousand letters', 'ses/pricing/'),
  logs: price(0.5, 'GB taken in', 'cloudwatch/pricing/'),
  logsMasked: price(0.12, 'GB scanned by data protection', 'cloudwatch/pricing/'),
  logsKept: price(0.03, 'GB-month', 'cloudwatch/pricing/'),
  metric: price(0.3, 'metric and month', 'cloudwatch/pricing/'),
  alarmMetric: price(0.1, 'metric of an alarm and month', 'cloudwatch/pricing/'),
  compositeAlarm: price(0.5, 'month', 'cloudwatch/pricing/'),
  dashboard: price(3, 'month', 'cloudwatch/pricing/'),
  key: price(1, 'month', 'kms/pricing/'),
  secret: price(0.4, 'month', 'secrets-manager/pricing/'),
} as const satisfies Record<string, Price>;

import { Setting } from '@pikaia/core';
import { IsIn, IsInt, IsOptional, IsUrl, Matches, Max, Min } from 'class-validator';

/** Where the sink `eventbridge` sends to. Credentials come from the SDK's own chain: environment, profile, role of the task. */
export class EventBridgeSettings {
  @Setting('EVENT_BUS_NAME', { about: 'EventBridge: name or ARN of the bus; required where EVENT_SINKS names eventbridge' })
  @IsOptional()
  @Matches(/^(arn:[\w:/.-]+|[\w./-]{1,256})$/, { message: 'eventBusName must be the name or the ARN of a bus' })
  eventBusName?: string;

  @Setting('EVENT_BUS_START', {
    about: 'EventBridge: where a bus begins that never had anything, with the oldest event kept or the next: beginning or now',
    default: 'beginning',
  })
  @IsIn(['beginning', 'now'])
  eventBusStart!: 'beginning' | 'now';

  @Setting('AWS_REGION', { about: "EventBridge: region of the bus; when absent that of the SDK's profile" })
  @IsOptional()
  @Matches(/^[a-z]{2}(-[a-z]+)+-\d$/, { message: 'awsRegion must be a region, as eu-central-1' })
  awsRegion?: string;

  @Setting('AWS_ENDPOINT_URL', { about: "EventBridge: address of something that stands in for AWS; when absent AWS's own" })
  @IsOptional()
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  awsEndpointUrl?: string;

  @Setting('EVENT_BUS_MAX_BYTES', {
    about: 'EventBridge: bytes of one call, and so of one event; AWS takes 1048576 since 2026, and took 262144 before',
    default: '262144',
  })
  @IsInt()
  @Min(1024)
  @Max(1_048_576)
  eventBusMaxBytes!: number;

  @Setting('EVENT_BUS_CONCURRENCY', { about: 'EventBridge: calls in flight at most; throttling makes it fewer', default: '32' })
  @IsInt()
  @Min(1)
  @Max(1000)
  eventBusConcurrency!: number;

  @Setting('EVENT_BUS_TIMEOUT_MS', { about: 'EventBridge: milliseconds after which a call is given up', default: '10000' })
  @IsInt()
  @Min(50)
  @Max(120_000)
  eventBusTimeoutMs!: number;

  @Setting('EVENT_BUS_CHECK_INTERVAL_MS', {
    about: 'EventBridge: milliseconds between two looks whether the bus is still there',
    default: '30000',
  })
  @IsInt()
  @Min(50)
  @Max(3_600_000)
  eventBusCheckIntervalMs!: number;
}

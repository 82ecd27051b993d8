import { OptionalField, Setting } from '@pikaia/core';
import { IsIn, IsInt, IsUrl, Matches, Max, Min } from 'class-validator';

/** Settings of the sink `eventbridge`. Credentials come from the SDK's default chain: environment, profile, task role. */
export class EventBridgeSettings {
  @Setting('EVENT_BUS_NAME', { about: 'EventBridge: name or ARN of the bus; required if EVENT_SINKS names eventbridge' })
  @OptionalField()
  @Matches(/^(arn:[\w:/.-]+|[\w./-]{1,256})$/, { message: 'eventBusName must be the name or the ARN of a bus' })
  eventBusName?: string;

  @Setting('EVENT_BUS_START', {
    about: 'EventBridge: first event of a new bus: beginning (the oldest event kept) or now (the next event)',
    default: 'beginning',
  })
  @IsIn(['beginning', 'now'])
  eventBusStart!: 'beginning' | 'now';

  @Setting('AWS_REGION', { about: "EventBridge: region of the bus; default: the region of the SDK's profile" })
  @OptionalField()
  @Matches(/^[a-z]{2}(-[a-z]+)+-\d$/, { message: 'awsRegion must be a region, for example eu-central-1' })
  awsRegion?: string;

  @Setting('AWS_ENDPOINT_URL', {
    about: 'EventBridge: endpoint URL of a substitute for AWS such as LocalStack; default: the endpoint of AWS',
  })
  @OptionalField()
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  awsEndpointUrl?: string;

  @Setting('EVENT_BUS_MAX_BYTES', {
    about: 'EventBridge: maximum bytes of a call, and so of an event; AWS accepts 1048576 since 2026, 262144 before',
    default: '262144',
  })
  @IsInt()
  @Min(1024)
  @Max(1_048_576)
  eventBusMaxBytes!: number;

  @Setting('EVENT_BUS_CONCURRENCY', {
    about: 'EventBridge: maximum number of calls in flight that do not hang; throttling lowers it',
    default: '32',
  })
  @IsInt()
  @Min(1)
  @Max(1000)
  eventBusConcurrency!: number;

  @Setting('EVENT_BUS_TIMEOUT_MS', {
    about: 'EventBridge: maximum timeout of a call in milliseconds; shorter while calls are fast, but not below 1000',
    default: '10000',
  })
  @IsInt()
  @Min(50)
  @Max(120_000)
  eventBusTimeoutMs!: number;

  @Setting('EVENT_BUS_CHECK_INTERVAL_MS', {
    about: 'EventBridge: milliseconds between two checks that the bus exists',
    default: '30000',
  })
  @IsInt()
  @Min(50)
  @Max(3_600_000)
  eventBusCheckIntervalMs!: number;
}

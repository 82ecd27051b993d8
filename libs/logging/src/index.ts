import 'reflect-metadata';

export { accessLog } from './http/access-log.js';
export { logClientErrors } from './http/client-error-log.js';
export { getLogger, type LogCall, type Logger } from './logger.js';
export { loggingOptions, LoggingSettings } from './logging.settings.js';
export {
  METRIC_NAMESPACE,
  type MetricDefinition,
  type MetricDimension,
  type MetricDimensions,
  type MetricKind,
  type MetricUnit,
} from './metric/metric.definition.js';
export { flushMetrics, metric } from './metric/metric.js';
export { LoggingModule, type LoggingModuleOptions } from './nest/logging.module.js';
export { nestLogger } from './nest/nest-logger.js';
export { pinoBridge } from './nest/pino-bridge.js';
export type { LogFile } from './output/file.sink.js';
export { configureLogging, flushLogs, type LogFormat, type LoggingOptions } from './output/log-output.js';
export { handleProcessFaults } from './process/process-faults.js';
export { runService, type Service } from './process/run-service.js';
export { logStartupFailure } from './process/startup-failure.js';
export type { EventName } from './record/event-name.js';
export { maskLogLines } from './record/line-mask.js';
export { LogField, type LogFields } from './record/log-fields.js';
export { LOG_LEVELS, type LogLevel } from './record/log-level.js';
export type { ThrownDescription } from './record/thrown-value.js';
export { describeThrown, errorMessage } from './record/value-text.js';
export { currentQueryStats, queryStatsFields, type QueryStats } from './query-stats.js';

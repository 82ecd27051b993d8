import { context } from '@pikaia/core';
import { getLogger } from '../logger.js';
import { flushMetrics } from '../metric/metric.js';
import { toggleDebug } from '../output/log-output.js';
import { handleProcessFaults } from './process-faults.js';
import { logStartupFailure, startupFailure } from './startup-failure.js';

const STOP_TIMEOUT_MS = 10_000; // container runtimes wait at least this long before SIGKILL

export interface Service {
  /** Stops accepting work, finishes the work in flight and closes all resources. */
  stop(): Promise<void>;
}

const logger = getLogger('process');

/**
 * Runs a service as the main program of a process: starts it, sends `ready` to the parent process and stops it once.
 *
 * SIGTERM, SIGINT, SIGHUP and the end of the IPC channel to the parent stop the service in order. A second signal has no
 * effect, because a terminal and npm each send one. SIGUSR2 switches DEBUG on, and off again.
 *
 * Exit code: 0 after a stop; 1 if the start fails, or if the stop fails or takes longer than ten seconds.
 */
export async function runService(start: () => Promise<Service>): Promise<void> {
  handleProcessFaults();
  startupFailure.isLoggedByRunService = true;
  let stopping = false;
  let service: Service | undefined;
  const stop = (reason: string): void => {
    if (stopping) return;
    stopping = true;
    context.run({}, () => void stopAndExit(reason, service));
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stop(signal));
  process.on('SIGUSR2', () => context.run({}, toggleDebug));
  if (process.connected) process.on('disconnect', () => stop('parent_gone'));
  try {
    service = await context.run({}, start);
  } catch (error) {
    logStartupFailure(error);
  }
  if (stopping) return;
  if (process.connected) process.send?.('ready');
}

async function stopAndExit(reason: string, service: Service | undefined): Promise<void> {
  logger.info('process_stopping', { reason });
  setTimeout(() => {
    logger.error('process_stop_timed_out', { limit_ms: STOP_TIMEOUT_MS });
    process.exit(1);
  }, STOP_TIMEOUT_MS).unref();
  try {
    await service?.stop();
  } catch (error) {
    logger.exception('process_stop_failed', error);
    process.exit(1);
  }
  flushMetrics(); // so that process_stopped is the last line
  logger.info('process_stopped');
  process.exit(0);
}

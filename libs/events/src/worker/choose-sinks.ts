import { PikaiaError, splitList } from '@pikaia/core';
import type { Sink } from '../delivery/sink.js';

/** Creates the sinks of one name in EVENT_SINKS. */
export type SinkFactory = () => readonly Sink[] | Promise<readonly Sink[]>;

/**
 * Creates the sinks that a comma-separated list names, each name once.
 *
 * @throws PikaiaError `PIKAIA_EVENT_SINK_UNKNOWN` with the names that exist.
 */
export async function chooseSinks(names: string, factories: Readonly<Record<string, SinkFactory>>): Promise<Sink[]> {
  const chosen = [...new Set(splitList(names))].map((name) => {
    const factory = Object.hasOwn(factories, name) ? factories[name] : undefined;
    if (factory) return factory;
    throw new PikaiaError(
      'PIKAIA_EVENT_SINK_UNKNOWN',
      `EVENT_SINKS names "${name}", which does not exist. Available sinks: ${Object.keys(factories).join(', ')}.`,
    );
  });
  return (await Promise.all(chosen.map((factory) => factory()))).flat();
}

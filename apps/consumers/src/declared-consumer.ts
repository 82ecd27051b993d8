import { PikaiaError } from '@pikaia/core';
import { CONSUMERS } from '@pikaia/reactions';
import { tmpdir } from 'node:os';
import { consumerLambda, type ConsumerHandler } from './consumer.lambda.js';

/**
 * Creates the Lambda handler of a declared consumer. The bundle of each consumer calls it.
 *
 * @throws PikaiaError `PIKAIA_CONSUMER_UNKNOWN` if no consumer with this name is declared.
 */
export function declaredConsumerLambda(name: string): Promise<ConsumerHandler> {
  const declared = CONSUMERS.find((consumer) => consumer.name === name);
  if (!declared) throw new PikaiaError('PIKAIA_CONSUMER_UNKNOWN', `There is no declared consumer ${name}.`);
  const { consumer, settings, createModule } = declared;
  return consumerLambda({ consumer, settings, imports: (loaded) => [createModule(loaded, tmpdir())] });
}

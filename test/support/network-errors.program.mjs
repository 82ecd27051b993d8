// Prints the codes that the errors of a real network have. A process of its own: in Jest's sandbox the errors of Node are
// not instances of Error, and the SDK wraps what is not.
import { callError } from '../../libs/events/dist/sinks/eventbridge/bus-errors.js';
import { EventBusClient } from '../../libs/events/dist/sinks/eventbridge/event-bus.client.js';
import { EventBusStub } from './event-bus.stub.ts';

const stub = await EventBusStub.start();
const options = { busName: 'pikaia', region: 'eu-central-1', concurrency: 1, timeoutMs: 200 };
const client = new EventBusClient({ ...options, endpoint: stub.url });
const entry = { Source: 'a', DetailType: 'b', Detail: '{}' };

async function codeOf(fault) {
  stub.fault = () => fault;
  const error = await client.put([entry]).catch((caught) => caught);
  return callError(error).code;
}

const codes = {
  cutBefore: await codeOf({ cut: 'before' }),
  cutAfter: await codeOf({ cut: 'after' }),
  noJson: await codeOf({ forge: () => '<html>' }),
  silent: await codeOf({ silent: 'after' }),
};
await stub.stop();
codes.refused = await codeOf();
client.close();
process.stdout.write(JSON.stringify(codes));

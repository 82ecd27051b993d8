// Prints the codes that the errors of a real network have. A process of its own: in Jest's sandbox the errors of Node are
// not instances of Error, and the SDK wraps what is not.
import { callError } from '../../libs/events/dist/sinks/eventbridge/bus-errors.js';
import { EventBusClient } from '../../libs/events/dist/sinks/eventbridge/event-bus.client.js';
import { EventBusStub } from './event-bus.stub.ts';

const stub = await EventBusStub.start();
const options = { busName: 'pikaia', region: 'eu-central-1', concurrency: 1, endpoint: stub.url };
const patient = new EventBusClient({ ...options, timeoutMs: 10_000 });
const hasty = new EventBusClient({ ...options, timeoutMs: 100 });
const entry = { Source: 'a', DetailType: 'b', Detail: '{}' };

async function codeOf(fault, client = patient) {
  stub.fault = () => fault;
  const error = await client.put([entry]).catch((caught) => caught);
  return callError(error).code;
}

const codes = {
  cutBefore: await codeOf({ cut: 'before' }),
  cutAfter: await codeOf({ cut: 'after' }),
  noJson: await codeOf({ forge: () => '<html>' }),
  silent: await codeOf({ silent: 'after' }, hasty),
};
await stub.stop();
const late = new EventBusClient({ ...options, timeoutMs: 10_000 }); // without a connection that is kept
codes.refused = await codeOf(undefined, late);
patient.close();
hasty.close();
late.close();
process.stdout.write(JSON.stringify(codes));

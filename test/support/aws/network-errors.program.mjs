// Prints the codes of real network errors. It runs in a separate process, because in the sandbox of Jest the errors of Node
// are not instances of Error, and the SDK wraps such values.
import { callError } from '../../../libs/events/dist/sinks/eventbridge/bus-errors.js';
import { EventBusClient } from '../../../libs/events/dist/sinks/eventbridge/event-bus.client.js';
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
const late = new EventBusClient({ ...options, timeoutMs: 10_000 }); // has no open connection yet
codes.refused = await codeOf(undefined, late);
patient.close();
hasty.close();
late.close();
process.stdout.write(JSON.stringify(codes));

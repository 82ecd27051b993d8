// A stub of EventBridge in its own process. It only counts entries, and answers at once or after a given delay in milliseconds.
import { EventBusStub } from '../../test/support/aws/event-bus.stub.ts';

const { delayMs } = JSON.parse(process.argv[2]);
const stub = await EventBusStub.start({ keeps: false, delayMs });
process.on('message', () => process.send({ accepted: stub.acceptedCount }));
process.on('disconnect', () => process.exit());
process.send({ url: stub.url });

// An EventBridge that answers at once, or after so many milliseconds, and only counts. A process of its own.
import { EventBusStub } from '../../test/support/event-bus.stub.ts';

const { delayMs } = JSON.parse(process.argv[2]);
const stub = await EventBusStub.start({ keeps: false, delayMs });
process.on('message', () => process.send({ accepted: stub.acceptedCount }));
process.on('disconnect', () => process.exit());
process.send({ url: stub.url });

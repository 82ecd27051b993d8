export {
  captureEvents,
  createEvent,
  expectPublished,
  type CapturedEvent,
  type CapturedEvents,
  type CaptureEventsOptions,
} from './capture-events.js';
export { deliverTwice } from './deliver-twice.js';
export { drain, type DrainOptions } from './drain.js';
export { failNext } from './fail-next.js';
export { sinkContract, type SinkContractCase, type SinkUnderTest } from './sink.contract.js';
export { findGoldenSampleProblems } from './golden.samples.js';

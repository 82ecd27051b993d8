export { sinkContract, type SinkContractCase, type SinkUnderTest } from './sink.contract.js';
export { findGoldenSampleProblems } from './golden.samples.js';

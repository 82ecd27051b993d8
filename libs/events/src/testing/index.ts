export { sinkContract, type SinkContractCase, type SinkUnderTest } from './sink.contract.js';

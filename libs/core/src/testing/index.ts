export { expectOne, type Expected } from './expect-one.js';

// Preloaded into an api of a test: services see no preconditions, as if they forgot to call checkPreconditions.
import { preconditions } from '../../../apps/api/dist/preconditions/preconditions.js';

preconditions.get = () => undefined;

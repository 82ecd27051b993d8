/** Limits of the api that the console explains before it sends a request. `limits.spec.ts` compares them with the OpenAPI document. */

/** The number of events that a replay can name. */
export const MAX_SELECTED_EVENTS = 500;
/** The rate of a replay, in events per second. */
export const MAX_RATE = 100_000;
/** The characters of the reason for a command. */
export const MAX_REASON_LENGTH = 500;

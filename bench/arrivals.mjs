// Counts received events in the receiving program. Each event must arrive exactly once, or the result is invalid. For every
// candidate, the clock starts after the first tenth of the events, which warms up code and caches.
export class Arrivals {
  #seen;
  #warmUp;
  #start;
  #count = 0;
  #done = Promise.withResolvers();

  /** Event numbers start at 1. */
  constructor(events) {
    this.#seen = new Uint8Array(events + 1);
    this.#warmUp = Math.floor(events / 10);
  }

  add(number) {
    if (this.#seen[number] !== 0)
      return this.fail(new Error(`Event ${number} is unknown or arrived twice: the result is invalid.`));
    this.#seen[number] = 1;
    this.#count++;
    if (this.#count === this.#warmUp) this.#start = { at: performance.now(), cpu: process.cpuUsage() };
    if (this.#count === this.#seen.length - 1) this.#done.resolve();
  }

  fail(error) {
    this.#done.reject(error);
  }

  get count() {
    return this.#count;
  }

  /** Resolves when all events have arrived. */
  get whole() {
    return this.#done.promise;
  }

  /** Call this when the work is complete, for example when it is recorded in the database. */
  figures() {
    const events = this.#count - this.#warmUp;
    const seconds = (performance.now() - this.#start.at) / 1_000;
    const { user, system } = process.cpuUsage(this.#start.cpu);
    return {
      rate: Math.round(events / seconds),
      cpuMicroseconds: (user + system) / events,
      rssMebibytes: Math.round(process.resourceUsage().maxRSS / 1_024),
    };
  }
}

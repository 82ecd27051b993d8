// What has arrived, in the program that takes it: each event once, or the figures say nothing. The clock starts after the
// first tenth, while code and caches get warm, for all that are compared alike.
export class Arrivals {
  #seen;
  #warmUp;
  #start;
  #count = 0;
  #done = Promise.withResolvers();

  /** Events numbered from 1. */
  constructor(events) {
    this.#seen = new Uint8Array(events + 1);
    this.#warmUp = Math.floor(events / 10);
  }

  add(number) {
    if (this.#seen[number] !== 0)
      return this.fail(new Error(`Event ${number} is unknown or came twice: the figures say nothing.`));
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

  /** Resolves when all are there. */
  get whole() {
    return this.#done.promise;
  }

  /** Call it when what belongs to the work is done, such as noting it in the database. */
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

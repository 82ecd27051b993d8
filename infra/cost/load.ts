/** What is assumed of the load; everything that is proportional to requests follows from it. */
export const ASSUMED = {
  secondsOfMonth: 730 * 3600,
  /** Of the requests, those that change something: each leaves an event, an audit record and a letter's worth of work. */
  changing: 0.05,
  /** Of the changes, those that send a letter. */
  letters: 0.02,
  /** Bytes of log lines, as written: the access line, and what a change adds (its event, its record, its consumer). */
  logOfRequest: 750,
  logOfChange: 2600,
  answerBytes: 2000,
  eventBytes: 1200,
  /** Bytes that a change leaves in the database for good (audit record, indexes); events go after their days. */
  keptOfChange: 3000,
  /** I/O of the database that is billed: reads are cached, a change writes. */
  ioOfRequest: 0.2,
  ioOfChange: 8,
  /** Requests a second that one vCPU of the api serves. */
  requestsOfCpu: 400,
  /** Requests a second that one ACU of the database serves. */
  requestsOfAcu: 100,
  /** Execution of a consumer for one event. */
  functionSeconds: 0.05,
  /** Entries of a PutEvents call and of a batch of a consumer, on average under load. */
  batch: 5,
  /** Metrics of Container Insights for a cluster with two services. */
  containerMetrics: 40,
} as const;

export const LOADS = [1, 100, 10_000] as const;

/** The number of partitions of the log. The slot of an event is the day of its insert modulo this number. */
export const SLOT_COUNT = 12;

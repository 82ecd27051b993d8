/** Whether a text is a day of the calendar, such as `2026-01-31`. An address can have any text. */
export function isDay(text: string | undefined): text is string {
  if (text === undefined || !/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text); // the 31st of February would be another day
}

/** The beginning of a day in the time zone of the reader, some days later, as a time in UTC. Undefined if the text is not a day. */
export function startOfDay(text: string | undefined, laterDays: number): string | undefined {
  if (!isDay(text)) return undefined;
  const [year, month, day] = text.split('-').map(Number) as [number, number, number];
  const start = new Date(2000, 0, 1); // the constructor would take the year 99 as 1999
  start.setFullYear(year, month - 1, day + laterDays);
  const time = start.toISOString();
  return /^\d{4}-/.test(time) ? time : undefined;
}

import { MAX_PAGE_BYTES } from '@pikaia/core';

interface Queryable {
  query(sql: string, parameters: unknown[]): Promise<unknown>;
}

/**
 * Sends a select through TypeORM and returns its rows. Use it if a column is neither text nor cast to text. The pool belongs to
 * the application, which can replace any type parser of pg. So the server returns each row as one JSON text, which this
 * function parses.
 *
 * Select a bigint as text, because a JSON number would lose digits.
 *
 * @param dates the timestamptz columns, which are returned as Date.
 */
export async function queryJsonRows<Row extends object>(
  source: Queryable,
  select: string,
  values: readonly unknown[] = [],
  dates: readonly (keyof Row & string)[] = [],
): Promise<Row[]> {
  const rows = (await source.query(selectJson(select), [...values])) as { json: string }[];
  return rows.map(({ json }) => parseRow(json, dates));
}

export interface JsonPage<Row> {
  readonly rows: readonly Row[];
  /** The number of rows that the select returned. It is larger than that of `rows` if the page reached its size. */
  readonly selected: number;
}

/**
 * Like `queryJsonRows`, but returns only the first rows of the select: as many as have `maxBytes` as JSON, and at least one. The
 * server does not send the others.
 */
export async function queryJsonPage<Row extends object>(
  source: Queryable,
  select: string,
  values: readonly unknown[],
  dates: readonly (keyof Row & string)[] = [],
  maxBytes = MAX_PAGE_BYTES,
): Promise<JsonPage<Row>> {
  const sql = `
    select json, selected::text from (
      select json, count(*) over () as selected, row_number() over w as number, sum(octet_length(json)) over w as bytes
      from (${selectJson(select)}) selection window w as (rows unbounded preceding)) page
    where number = 1 or bytes <= ${maxBytes}
    order by number`;
  const rows = (await source.query(sql, [...values])) as { json: string; selected: string }[];
  return { rows: rows.map(({ json }) => parseRow(json, dates)), selected: Number(rows[0]?.selected ?? 0) };
}

const selectJson = (select: string): string => `select to_json(r)::text as json from (${select}) r`;

function parseRow<Row extends object>(json: string, dates: readonly (keyof Row & string)[]): Row {
  const row = JSON.parse(json) as Record<string, unknown>;
  for (const name of dates) if (typeof row[name] === 'string') row[name] = new Date(row[name]);
  return row as Row;
}

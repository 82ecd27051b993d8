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
  const sql = `select to_json(r)::text as json from (${select}) r`;
  const rows = (await source.query(sql, [...values])) as { json: string }[];
  return rows.map(({ json }) => {
    const row = JSON.parse(json) as Record<string, unknown>;
    for (const name of dates) if (typeof row[name] === 'string') row[name] = new Date(row[name]);
    return row as Row;
  });
}

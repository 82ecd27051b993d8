interface Queryable {
  query(sql: string, parameters: unknown[]): Promise<unknown>;
}

/**
 * Sends a select through TypeORM and returns its rows. Use it wherever a column is neither text nor cast to text: a
 * statement on the application's pool is read by the type parsers of the application, which may have replaced any of them.
 * So each row is returned as one JSON text and parsed here.
 *
 * Select a bigint as text: a JSON number would lose digits.
 *
 * @param dates the columns to return as Date: those of type timestamptz.
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

import type { ReactNode } from 'react';

/** A table whose rows are stacked on a narrow screen. */
export const Table = ({
  label,
  columns,
  children,
}: {
  readonly label: string;
  readonly columns: readonly string[];
  readonly children: ReactNode;
}) => (
  <div className="scroll" tabIndex={0} role="region" aria-label={label}>
    <table className="list stacked">
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column} scope="col">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  </div>
);

import type { KeyboardEvent, ReactNode } from 'react';

interface TableProps {
  readonly label: string;
  readonly columns: readonly string[];
  /** The head of a first column with checkboxes, which is shown on every screen. */
  readonly selectAll?: ReactNode;
  readonly onKeyDown?: (event: KeyboardEvent<HTMLTableSectionElement>) => void;
  readonly children: ReactNode;
}

/**
 * A table. On a narrow screen each row is a block without the heads of the columns, so a cell that needs one repeats it in `data-heading`. A
 * cell with the class `wide` is for text: its lines are broken.
 */
export const Table = ({ label, columns, selectAll, onKeyDown, children }: TableProps) => (
  <div className="scroll" tabIndex={0} role="region" aria-label={label}>
    <table className="list stacked">
      <thead>
        <tr>
          {selectAll !== undefined && (
            <th scope="col" className="select">
              {selectAll}
            </th>
          )}
          {columns.map((column) => (
            <th key={column} scope="col">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody onKeyDown={onKeyDown}>{children}</tbody>
    </table>
  </div>
);

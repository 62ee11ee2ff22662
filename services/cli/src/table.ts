/** Columns for people: as wide as what stands in them. Numbers to the right, texts to the left. */

export type Cell = string | number | null;

const text = (cell: Cell): string => (cell === null ? '-' : String(cell));

/** @returns lines without a line end; null is shown as `-` */
export function tableLines(head: readonly string[], rows: readonly (readonly Cell[])[]): string[] {
  const isNumber = head.map((_, column) => {
    const cells = rows.map((row) => row[column] ?? null).filter((cell) => cell !== null);
    return cells.length > 0 && cells.every((cell) => typeof cell === 'number');
  });
  const widths = head.map((title, column) =>
    rows.reduce((widest, row) => Math.max(widest, text(row[column] ?? null).length), title.length),
  );
  return [head, ...rows].map((row) =>
    widths
      .map((width, column) => {
        const cell = text(row[column] ?? null);
        return isNumber[column] ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}

/** A look at a screen that may be narrow. */

export type ScreenLine = { readonly line: string; readonly isTable: boolean };

const CUT = '\u2026';

/** Between two words where there are some; a command that helps must be whole. */
function wrapped(line: string, width: number): string[] {
  const rows: string[] = [];
  let rest = line;
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width);
    const at = space > 0 ? space : width;
    rows.push(rest.slice(0, at));
    rest = rest.slice(space > 0 ? at + 1 : at);
  }
  return [...rows, rest];
}

/** A row of a table stays one line, and shows that it was cut; what is said in words is whole. */
export function fitted(lines: readonly ScreenLine[], width: number): string[] {
  return lines.flatMap(({ line, isTable }) => {
    if (line.length <= width) return [line];
    return isTable ? [`${line.slice(0, width - 1)}${CUT}`] : wrapped(line, width);
  });
}

import type { Point } from './points.ts';
import { pointText } from './points.ts';

/** A command as it was asked for, to be run again or to go on with. */

export const quoted = (text: string): string =>
  /^[\w./:+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * Without `--execute` and `--confirm`. A point stands in it as it was resolved: a duration counts back from when it was first read.
 * @param name with its arguments
 */
export function againCommand(name: string, options: object): string {
  const words = Object.entries(options).flatMap(([option, value]: [string, unknown]) => {
    if (option === 'execute' || option === 'confirm' || value === undefined || value === false) return [];
    const flag = `--${option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (value === true) return [flag];
    const text = typeof value === 'object' ? pointText(value as Point) : `${value as string | number}`;
    return [`${flag} ${quoted(text)}`];
  });
  return ['callfold', name, ...words].join(' ');
}

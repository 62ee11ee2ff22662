// The figures as a picture: an SVG of our own, four panels of bars, readable on light and on dark pages.
import { NAMES } from './report.mjs';

const WIDTH = 880;
const PANEL_GAP = 34;
const BAR = 18;
const BAR_GAP = 7;
const LABEL_WIDTH = 270;
const VALUE_WIDTH = 120;
const TITLE_HEIGHT = 30;
const MARGIN = 16;

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: 600; font-size: 14px; }
  .ours { fill: #0969da; }
  .theirs { fill: #8c959f; }
  .thin { fill: #57606a; font-size: 12px; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .ours { fill: #58a6ff; }
    .theirs { fill: #6e7681; }
    .thin { fill: #9198a1; }
  }`;

const escaped = (text) => String(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const plain = (text) => escaped(text.replaceAll('`', ''));

/** One panel: a title, and a bar for each row. @param rows `{ name, value, text, ours }` */
function panel({ title, rows }, top) {
  const most = Math.max(...rows.map(({ value }) => value));
  const room = WIDTH - 2 * MARGIN - LABEL_WIDTH - VALUE_WIDTH;
  const bars = rows.map(({ name, value, text, ours }, index) => {
    const y = top + TITLE_HEIGHT + index * (BAR + BAR_GAP);
    const width = most > 0 ? Math.max(1, Math.round((value / most) * room)) : 1;
    const x = MARGIN + LABEL_WIDTH;
    const base = y + BAR - 5;
    return [
      `  <text x="${MARGIN}" y="${base}">${plain(name)}</text>`,
      `  <rect class="${ours ? 'ours' : 'theirs'}" x="${x}" y="${y}" width="${width}" height="${BAR}" rx="2"/>`,
      `  <text class="thin" x="${x + width + 8}" y="${base}">${escaped(text)}</text>`,
    ].join('\n');
  });
  const height = TITLE_HEIGHT + rows.length * (BAR + BAR_GAP);
  const text = [`  <text class="title" x="${MARGIN}" y="${top + 15}">${escaped(title)}</text>`, ...bars].join('\n');
  return { text, height };
}

/** What the bars show: the rows that do the same work, ours first. */
const COMPARED = /^(call-outcomes|streams-|flink-)/;
const isOurs = (what) => !/^(streams-|flink-)/.test(what);

function summaryPanels(summary) {
  const compared = summary.filter(({ what }) => COMPARED.test(what));
  if (compared.length === 0) return [];
  const bars = (of, tell) =>
    compared.map((row) => ({ name: NAMES[row.what], value: of(row), text: tell(of(row)), ours: isOurs(row.what) }));
  return [
    {
      title: 'Thousand events a second: more is better',
      rows: bars(
        (row) => row.perSecond / 1_000,
        (n) => n.toFixed(0),
      ),
    },
    {
      title: 'Processor seconds per million events: less is better',
      rows: bars(
        (row) => row.cpuSeconds,
        (n) => n.toFixed(1),
      ),
    },
    {
      title: 'Peak memory of the process, MiB: less is better',
      rows: bars(
        (row) => row.peakMiB,
        (n) => n.toFixed(0),
      ),
    },
  ];
}

/** Of the middle rate: p99, with p50 beside it in words. */
function latencyPanel(latency) {
  const rates = [...new Set(latency.flatMap(({ rows }) => rows.map(({ rate }) => rate)))].sort((a, b) => a - b);
  const rate = rates[rates.length >> 1];
  const rows = latency
    .filter(({ what }) => what !== 'projector')
    .flatMap(({ what, rows: all }) => {
      const row = all.find((one) => one.rate === rate);
      if (!row?.count) return [];
      return [{ name: NAMES[what], value: row.p99, text: `${row.p99} (p50 ${row.p50})`, ours: isOurs(what) }];
    });
  if (rows.length === 0) return [];
  return [{ title: `From produce to derived record at ${rate} events a second, p99 in ms: less is better`, rows }];
}

/** @returns the SVG's text; null when nothing that can be compared was measured */
export function chartOf({ summary, latency }) {
  const [throughput, ...others] = summaryPanels(summary);
  const panels = [...(throughput ? [throughput] : []), ...latencyPanel(latency), ...others];
  if (panels.length === 0) return null;
  let top = MARGIN;
  const drawn = panels.map((one) => {
    const { text, height } = panel(one, top);
    top += height + PANEL_GAP;
    return text;
  });
  const height = top - PANEL_GAP + MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Benchmarks">`,
    `  <style>${STYLE}\n  </style>`,
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}

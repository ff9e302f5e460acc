// How a report looks: light and dark as the reader's system has it, one column where the window is narrow, and on paper
// without what only a screen can do.

export const REPORT_STYLE = `
:root {
  color-scheme: light dark;
  --page: #fbfbf9; --card: #ffffff; --text: #1c2530; --quiet: #55616e; --line: #dfe3e6;
  --ours: #0b6e63; --ours-soft: #d8eeea; --other: #9aa7b3; --bound: #b4451f;
  --good: #0b6e46; --bad: #b3261e; --warning: #8a5a00; --link: #0a5bb5;
  --other-1: #7a5195; --other-2: #c1440e; --other-3: #2f6db5; --other-4: #6b7280;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12171c; --card: #1a2128; --text: #e6eaee; --quiet: #a3afbb; --line: #303a44;
    --ours: #4cc2b0; --ours-soft: #17403b; --other: #5d6b78; --bound: #ff9d73;
    --good: #62d196; --bad: #ff8a80; --warning: #f2c063; --link: #8bbcff;
    --other-1: #c39be0; --other-2: #ff9a6b; --other-3: #82b4f5; --other-4: #aab3bd;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
header, main, footer { max-width: 70rem; margin: 0 auto; padding: 0 1.5rem; }
header { padding-top: 2.5rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; letter-spacing: -.01em; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 0 0 .75rem; }
p { margin: 0 0 .9rem; max-width: 48rem; }
.subject { color: var(--quiet); font-size: 1.05rem; overflow-wrap: anywhere; }
a { color: var(--link); }
a:focus-visible, button:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--card); padding: .5rem 1rem; }
.changes { display: grid; grid-template-columns: repeat(auto-fit, minmax(13.5rem, 1fr)); gap: 1rem; margin: 1.5rem 0 .75rem; padding: 0; list-style: none; }
.changes.threes { grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); }
.changes li { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.1rem; }
.changes .name { color: var(--quiet); font-size: .92rem; }
.changes .amounts { font-size: 1.18rem; font-weight: 650; line-height: 1.35; font-variant-numeric: tabular-nums; }
.changes .before { color: var(--quiet); font-weight: 400; }
.changes .amounts > span { white-space: nowrap; }
.difference { font-size: 1rem; font-weight: 600; }
nav { margin: 1.5rem 0 0; border-top: 1px solid var(--line); padding-top: 1rem; }
nav ol { margin: 0; padding: 0; list-style: none; columns: 2 22rem; column-gap: 2rem; }
nav li { break-inside: avoid; padding: .12rem 0; }
section { margin: 2rem 0 0; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1.4rem 1.5rem; }
.scroll { overflow-x: auto; margin: 0 0 1.2rem; }
section > :last-child, section > :last-child > :last-child, details > :last-child { margin-bottom: 0; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: 0 0 .5rem; }
th, td { padding: .38rem .7rem; text-align: left; vertical-align: middle; border-top: 1px solid var(--line); }
thead th, thead td { border-top: 0; color: var(--quiet); font-weight: 500; font-size: .9rem; vertical-align: bottom; }
th:first-child { padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }
tbody th { font-weight: 500; }
td.figure, th.figure { text-align: right; white-space: nowrap; }
thead th.figure { white-space: normal; }
td.hash { font: .82rem/1.4 ui-monospace, "DejaVu Sans Mono", monospace; }
th button { all: unset; cursor: pointer; }
th button:hover { color: var(--text); text-decoration: underline; }
th[aria-sort="ascending"] button::after { content: " \\2191"; }
th[aria-sort="descending"] button::after { content: " \\2193"; }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; } .warning { color: var(--warning); font-weight: 600; }
table.bars th[scope=row] { white-space: nowrap; font-weight: 400; width: 1%; }
table.data th[scope=row] { white-space: nowrap; }
table.bars thead th { white-space: nowrap; }
table.bars tbody tr:first-child > * { border-top: 0; }
.key::before { content: ""; display: inline-block; width: 3px; height: .85em; margin-right: .45em; background: var(--bound); vertical-align: -.06em; }
table.bars .track { width: 60%; min-width: 8rem; }
table.bars svg { display: block; width: 100%; height: 1.1rem; overflow: visible; }
.bar { fill: var(--other); }
.ours th, .ours .figure { font-weight: 650; }
.ours .bar { fill: var(--ours); }
.interval { fill: none; stroke: var(--text); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.bound { stroke: var(--bound); stroke-width: 3; vector-effect: non-scaling-stroke; }
figure { margin: 0 0 1.4rem; }
figcaption { font-weight: 600; margin-bottom: .4rem; }
.plot { min-height: 260px; }
.u-legend { text-align: left; font-size: .9rem; color: var(--text); font-variant-numeric: tabular-nums; }
.u-legend th { padding: .1rem .4rem; border: 0; } .u-legend td { padding: .1rem .8rem .1rem 0; border: 0; }
details { margin: 0 0 1rem; }
summary { cursor: pointer; color: var(--link); padding: .2rem 0; }
details[open] > summary { margin-bottom: .6rem; }
footer { color: var(--quiet); font-size: .9rem; padding-top: 2rem; padding-bottom: 3rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 40rem) {
  body { font-size: 15px; }
  header, main, footer { padding-left: 1rem; padding-right: 1rem; }
  section { padding: 1.1rem 1rem; margin-left: -.25rem; margin-right: -.25rem; }
  h1 { font-size: 1.5rem; }
  table.bars .track { min-width: 2.5rem; width: 25%; }
  table.bars th, table.bars td { padding-left: .25rem; padding-right: .25rem; }
  table.bars thead th { white-space: normal; }
  th, td { padding: .34rem .45rem; font-size: .92rem; }
  table.data th[scope=row] { white-space: normal; min-width: 7rem; }
  table.bars th[scope=row] { white-space: normal; min-width: 5.5rem; padding-left: 0; }
}
@media print {
  :root { color-scheme: light; --page: #fff; --card: #fff; --text: #000; --quiet: #444; --line: #bbb; --ours: #0b6e63; --other: #aaa; --bound: #b4451f; --good: #064; --bad: #900; --warning: #640; }
  body { font-size: 10.5pt; }
  nav, .skip { display: none; }
  section { border: 0; padding: 0; break-inside: avoid-page; }
  .scroll { overflow: visible; }
  table.data th, table.data td { font-size: 8.5pt; padding: .2rem .35rem; }
  table.data td.figure, table.data th[scope=row] { white-space: normal; }
  .bar, .bound, .interval, .changes li { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;

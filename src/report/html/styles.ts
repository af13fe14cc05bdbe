/** The page's style sheet: light and dark, phone to desk, and print. */
export const STYLES = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --card: #ffffff; --ink: #1c1f22; --muted: #62676c; --rule: #e3e0d8; --soft: #f1efe9;
  --student: #0a6e5c; --teacher: #4a4fa3; --control: #94805a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #131518; --card: #1a1d21; --ink: #e8e6e1; --muted: #9ba0a5; --rule: #2d3136; --soft: #22262a;
    --student: #58c4ab; --teacher: #a3a9ff; --control: #c2ab7f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif;
  font-variant-numeric: tabular-nums; -webkit-text-size-adjust: 100%; overflow-wrap: anywhere;
}
main { max-width: 1080px; margin: 0 auto; padding: 36px 32px 72px; }
h1, h2, h3, p, ul, dl, figure, table, pre { margin: 0; }
h1 { font-size: 28px; line-height: 1.2; font-weight: 650; letter-spacing: -0.018em; text-wrap: balance; }
h2 { font-size: 20px; line-height: 1.3; font-weight: 650; letter-spacing: -0.01em; }
h3 { font-size: 14px; font-weight: 600; }
code, pre, .digest { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
a { color: inherit; }
.eyebrow { color: var(--muted); font-size: 13.5px; margin-bottom: 10px; }
.eyebrow b { color: var(--ink); font-weight: 600; }
.lead { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 6fr); gap: 44px; align-items: start; margin-top: 22px; }
.sentences { display: grid; gap: 10px; font-size: 15px; }
.try { margin-top: 22px; display: flex; flex-wrap: wrap; align-items: baseline; gap: 6px 12px; }
.try code { padding: 5px 10px; background: var(--soft); border-radius: 6px; font-size: 13px; line-height: 1.5; }
.label, figcaption, .hint { color: var(--muted); font-size: 13.5px; line-height: 1.5; }
figcaption { margin-top: 6px; }
figure svg { display: block; width: 100%; height: auto; }
.narrow { display: none !important; }
section { margin-top: 52px; }
section > .hint { margin-top: 5px; max-width: 68ch; }
section > h2 + :not(.hint), section > .hint + * { margin-top: 18px; }
.systems-block { margin-top: 30px; }
table { border-collapse: collapse; width: 100%; font-size: 14.5px; line-height: 1.4; }
th { text-align: left; font-weight: 500; font-size: 12.5px; color: var(--muted); padding: 0 14px 8px 0; vertical-align: bottom; }
td { padding: 8px 14px 8px 0; border-top: 1px solid var(--rule); vertical-align: top; }
th:last-child, td:last-child { padding-right: 0; }
.number { text-align: right; white-space: nowrap; }
.name { font-weight: 600; min-width: 170px; }
.name small, .sub { display: block; font-weight: 400; font-size: 12.5px; color: var(--muted); }
tr.control .name { font-weight: 500; }
tr.student td { background: color-mix(in srgb, var(--student) 7%, transparent); }
tr.student td:first-child { box-shadow: inset 3px 0 var(--student); }
td.name { padding-left: 12px; }
th:first-child { padding-left: 12px; }
.plain td:first-child, .plain th:first-child { padding-left: 0; }
.mark { display: inline-block; width: 9px; height: 9px; margin-right: 8px; border-radius: 50%; background: var(--student); }
.mark.teacher { background: var(--teacher); border-radius: 1px; transform: rotate(45deg) scale(0.9); }
.mark.control { background: transparent; box-shadow: inset 0 0 0 1.5px var(--control); }
.range { width: 150px; white-space: nowrap; }
.range svg { display: block; width: 100%; height: 16px; margin-top: 2px; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(280px, 100%), 1fr)); gap: 28px; }
.pair { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 44px; }
.pair > div > h2 + * { margin-top: 5px; }
.pair .hint { min-height: 2.9em; margin-bottom: 12px; }
details { margin-top: 10px; }
summary { cursor: pointer; color: var(--muted); font-size: 13.5px; padding: 4px 0; }
summary:hover { color: var(--ink); }
dl { display: grid; grid-template-columns: minmax(130px, 190px) minmax(0, 1fr); gap: 7px 24px; font-size: 14.5px; }
dt { color: var(--muted); }
dd { margin: 0; }
pre { padding: 14px 16px; background: var(--soft); border-radius: 6px; font-size: 12.5px; line-height: 1.5; white-space: pre-wrap; overflow-wrap: anywhere; }
.digest { font-size: 12.5px; }
.notes { padding-left: 18px; display: grid; gap: 5px; font-size: 14.5px; }
footer { margin-top: 56px; padding-top: 16px; border-top: 1px solid var(--rule); }
@media (max-width: 860px) {
  main { padding: 30px 24px 56px; }
  .lead, .pair { grid-template-columns: minmax(0, 1fr); gap: 32px; }
  .range svg { display: none; }
  .lead figure, .pair figure { max-width: 600px; }
  .systems thead { display: none; }
  .systems, .systems tbody { display: block; }
  .systems tr { display: grid; grid-template-columns: repeat(auto-fill, minmax(92px, 1fr)); gap: 10px 8px; padding: 14px 0 14px 12px; border-top: 1px solid var(--rule); }
  .systems tr.student { background: color-mix(in srgb, var(--student) 7%, transparent); box-shadow: inset 3px 0 var(--student); }
  .systems td { display: block; padding: 0; border: 0; text-align: left; white-space: normal; background: none !important; box-shadow: none !important; }
  .systems td.name { grid-column: 1 / -1; }
  .systems td::before { content: attr(data-label); display: block; font-size: 12px; color: var(--muted); }
  .systems td.name::before { content: none; display: none; }
  .systems td.range .sub { font-size: inherit; color: inherit; }
}
@media (max-width: 640px) {
  main { padding: 24px 18px 48px; }
  h1 { font-size: 25px; }
  section { margin-top: 42px; }
  .wide { display: none !important; }
  .narrow { display: block !important; }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dd { margin-bottom: 9px; }
  .optional, .systems td.none { display: none; }
}
@media print {
  :root { --paper: #fff; --soft: #f5f4f1; --ink: #000; --muted: #555; --rule: #ccc; --student: #0a6e5c; --teacher: #4a4fa3; --control: #7d6b48; color-scheme: light; }
  body { font-size: 10.5pt; }
  main { max-width: none; padding: 0; }
  section { margin-top: 28px; }
  figure, tr, dl { break-inside: avoid; }
  h2, .hint { break-after: avoid; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
`.trim();

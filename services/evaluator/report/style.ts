import { Html } from './html.ts';

/** The report's style sheet: one column of sections, colours as variables for light and dark, paper always light. */
export const STYLE = new Html(`
:root {
  color-scheme: light dark;
  --paper: #fbfbf9; --card: #ffffff; --ink: #17212b; --muted: #5a6773; --line: #e2e6e8; --track: #eef1f2;
  --c0: #0f766e; --c1: #475569; --c2: #c2780c; --c3: #7c5cc4;
  --discriminator: #b45309; --generator: #0f766e;
  --p0: #0f766e; --p1: #5aa9a0; --p2: #c2a15c; --p3: #7c5cc4; --p4: #94a3b8; --p5: #cbd5e1;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #0f1518; --card: #161e22; --ink: #e8eef0; --muted: #9aa9b1; --line: #2a363c; --track: #202a2f;
    --c0: #4fd1c1; --c1: #a9b8c6; --c2: #eab35a; --c3: #b49bf0;
    --discriminator: #eab35a; --generator: #4fd1c1;
    --p0: #2f9c91; --p1: #72c7bd; --p2: #d3b46f; --p3: #9b82dd; --p4: #8797a5; --p5: #56646e;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main, footer { max-width: 70rem; margin: 0 auto; padding: 0 clamp(1rem, 4vw, 3rem); }
header { padding-top: clamp(2rem, 6vw, 4.5rem); }
section { margin-top: 4rem; }
.brand { margin: 0; color: var(--c0); font-weight: 650; letter-spacing: .02em; }
h1 { margin: .1rem 0 0; font-size: clamp(1.9rem, 5vw, 3rem); line-height: 1.1; letter-spacing: -.025em; overflow-wrap: anywhere; }
h2 { margin: 0 0 .75rem; padding-top: 1rem; border-top: 2px solid var(--ink); font-size: 1.35rem; letter-spacing: -.01em; }
h3 { margin: 2.5rem 0 .75rem; font-size: 1rem; }
small, .note, .facts { color: var(--muted); }
small { font-size: .85em; font-weight: 400; }
.note { max-width: 46rem; margin: .5rem 0 1rem; font-size: .9rem; text-wrap: pretty; }
.facts { display: flex; flex-wrap: wrap; gap: .15rem 1.25rem; margin: .75rem 0 0; font-size: .9rem; }
.lead { max-width: 44rem; margin: 2rem 0 0; font-size: clamp(1.2rem, 2.6vw, 1.6rem); line-height: 1.4; letter-spacing: -.01em; text-wrap: pretty; }
.lead strong { color: var(--c0); font-weight: 650; }
dl, dd { margin: 0; }
.tiles { display: flex; flex-wrap: wrap; gap: 1px; margin-top: 2.25rem; border: 1px solid var(--line); border-radius: 10px; background: var(--line); overflow: hidden; }
.tiles > div { flex: 1 1 9rem; padding: 1rem 1.1rem; background: var(--card); }
.tiles dt { color: var(--muted); font-size: .85rem; }
.tiles b { display: block; font-size: clamp(1.3rem, 2.5vw, 1.6rem); font-weight: 600; line-height: 1.3; letter-spacing: -.02em; font-variant-numeric: tabular-nums; white-space: nowrap; }
.tiles span { color: var(--muted); font-size: .85rem; font-variant-numeric: tabular-nums; }
figure { margin: 0; min-width: 0; }
figcaption { margin-bottom: .5rem; font-weight: 600; font-size: .95rem; overflow-wrap: anywhere; }
img { display: block; max-width: 100%; height: auto; }
.samples { margin-top: 1.5rem; }
.pairs { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(14rem, 45%), 1fr)); gap: .75rem; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 2px; border-radius: 6px; overflow: hidden; }
.pair img { width: 100%; }
.timeline { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(18rem, 45%), 1fr)); gap: 1.25rem; }
.timeline img { width: 100%; border-radius: 6px; border: 1px solid var(--line); }
.timeline figcaption { margin: .4rem 0 0; font-weight: 400; color: var(--muted); font-size: .85rem; }
.charts, .panels { display: grid; gap: 2.5rem 3rem; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); }
.panels { gap: 1.75rem 3rem; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.25rem; margin: 0 0 1rem; font-size: .9rem; }
.key::before { content: ""; display: inline-block; width: .75em; height: .75em; margin-right: .45em; border-radius: 2px; background: var(--key); }
svg { display: block; overflow: visible; }
svg text { font-size: 12px; fill: var(--muted); font-variant-numeric: tabular-nums; }
svg .group { font-size: 13px; font-weight: 600; fill: var(--ink); }
svg .value { fill: var(--ink); }
svg .tick { paint-order: stroke; stroke: var(--paper); stroke-width: 3px; stroke-linejoin: round; }
svg .end { text-anchor: end; }
.track { fill: var(--track); }
.grid, .zero { stroke: var(--line); }
.zero { stroke: var(--muted); stroke-opacity: .6; }
.line { fill: none; stroke: var(--key); stroke-width: 1.75; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
.band { fill: var(--key); fill-opacity: .2; }
.series-0 { --key: var(--c0); } .series-1 { --key: var(--c1); } .series-2 { --key: var(--c2); } .series-3 { --key: var(--c3); }
.phase-0 { --key: var(--p0); } .phase-1 { --key: var(--p1); } .phase-2 { --key: var(--p2); } .phase-3 { --key: var(--p3); } .phase-4 { --key: var(--p4); } .phase-5 { --key: var(--p5); }
.discriminator { --key: var(--discriminator); } .generator { --key: var(--generator); }
rect:not(.track) { fill: var(--key); }
.strip { margin: .5rem 0 1.5rem; border-radius: 4px; overflow: hidden; }
.scroll { overflow-x: auto; border-bottom: 1px solid var(--line); }
.scroll:focus-visible, pre:focus-visible, summary:focus-visible { outline: 2px solid var(--c0); outline-offset: 2px; }
table { width: 100%; border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; white-space: nowrap; }
th, td { padding: .5rem 0 .5rem 1.25rem; text-align: right; font-weight: 400; border-top: 1px solid var(--line); }
th:first-child { padding-left: 0; text-align: left; position: sticky; left: 0; background: var(--paper); }
thead th { border-top: 0; vertical-align: bottom; color: var(--muted); font-size: .85rem; white-space: normal; }
tbody th { font-weight: 500; }
tfoot th, tfoot td { font-weight: 600; }
tfoot tr:first-child > * { border-top: 1px solid var(--ink); }
.pairs-list { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(18rem, 100%), 1fr)); gap: 0 3rem; font-size: .92rem; }
.pairs-list > div { display: flex; justify-content: space-between; gap: 1rem; padding: .45rem 0; border-bottom: 1px solid var(--line); }
.pairs-list dt { color: var(--muted); }
.pairs-list dd { text-align: right; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
details { border-bottom: 1px solid var(--line); }
summary { padding: .75rem 0; cursor: pointer; font-weight: 500; }
pre { margin: 0 0 1rem; padding: 1rem 1.1rem; overflow: auto; max-height: 36rem; background: var(--card); border: 1px solid var(--line); border-radius: 8px; font: .82rem/1.6 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
footer { margin-top: 4rem; padding-bottom: 3rem; color: var(--muted); font-size: .85rem; }
footer p { margin: 0; padding-top: 1rem; border-top: 1px solid var(--line); }
@media (max-width: 40rem) {
  th:first-child { min-width: 8rem; max-width: 10rem; white-space: normal; overflow-wrap: anywhere; }
  th, td { padding-left: .9rem; }
}
@media print {
  :root { color-scheme: light; --paper: #ffffff; --card: #ffffff; --ink: #000000; --muted: #444444; --line: #cccccc; --track: #eeeeee;
    --c0: #0f766e; --c1: #475569; --c2: #c2780c; --c3: #7c5cc4; --discriminator: #b45309; --generator: #0f766e;
    --p0: #0f766e; --p1: #5aa9a0; --p2: #c2a15c; --p3: #7c5cc4; --p4: #94a3b8; --p5: #cbd5e1; }
  body { font-size: 11pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main, footer { max-width: none; padding: 0; }
  section { margin-top: 2rem; }
  figure, .pair, tr, .tiles > div { break-inside: avoid; }
  h2, h3, figcaption { break-after: avoid; }
  .pairs { grid-template-columns: repeat(4, 1fr); }
  .panels { grid-template-columns: 1fr 1fr; }
  .scroll, pre { overflow: visible; max-height: none; }
  pre { white-space: pre-wrap; }
  table { white-space: normal; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
`);

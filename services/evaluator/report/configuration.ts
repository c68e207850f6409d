import { type Html, html } from './html.ts';
import type { ReportInput } from './input.ts';

export function configurationSection({ experimentYaml, summary }: ReportInput): Html {
  const versions = Object.entries(summary.versions);
  return html`<section aria-labelledby="configuration">
<h2 id="configuration">Configuration</h2>
<details><summary>The experiment as it was run</summary><pre tabindex="0"><code>${experimentYaml}</code></pre></details>
<details><summary>Versions</summary><dl class="pairs-list">${versions.map(([name, version]) => html`<div><dt>${name}</dt><dd>${version}</dd></div>`)}</dl></details>
</section>`;
}

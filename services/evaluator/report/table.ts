import { type Content, type Html, html } from './html.ts';

/** A table whose first column names the row and whose other columns are numbers; it scrolls sideways where the page is narrow. */
export function table(head: readonly string[], rows: readonly (readonly Content[])[], total: readonly (readonly Content[])[] = []): Html {
  const row = (cells: readonly Content[]): Html => {
    const [name, ...numbers] = cells;
    return html`<tr><th scope="row">${name ?? null}</th>${numbers.map((cell) => html`<td>${cell}</td>`)}</tr>`;
  };
  return html`<div class="scroll" role="region" aria-label="${head.join(', ')}" tabindex="0"><table>
<thead><tr>${head.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map(row)}</tbody>
${total.length > 0 ? html`<tfoot>${total.map(row)}</tfoot>` : null}
</table></div>`;
}

/** Markup that is safe to put into a page: made by `html` alone, which escapes all that is not Html itself. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

export type Content = Html | string | number | null | readonly Content[];

/** Template tag: literal parts are markup; values are escaped, lists are joined, null is nothing. Attributes must be in double quotes. */
export function html(literals: TemplateStringsArray, ...values: Content[]): Html {
  return new Html(literals.reduce((page, literal, i) => page + render(values[i - 1] ?? null) + literal));
}

function render(content: Content): string {
  if (content === null) return '';
  if (content instanceof Html) return content.markup;
  if (typeof content === 'object') return content.map(render).join('');
  return String(content).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A PNG inside the page. */
export function pngImage(png: Uint8Array, alt: string): Html {
  return html`<img src="data:image/png;base64,${Buffer.from(png).toString('base64')}" alt="${alt}" loading="lazy">`;
}

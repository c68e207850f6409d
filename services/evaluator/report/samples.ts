import { encodePicture, imagePicture, maskPicture } from '../images/picture.ts';
import { type Html, html, pngImage } from './html.ts';
import type { ReportInput } from './input.ts';

/** Grids of the timeline that are shown, evenly chosen, the first and the last among them. */
const SHOWN = 6;

export function samplesSection(input: ReportInput): Html | null {
  if (input.samples.length === 0 && input.sampleTimeline.length === 0) return null;
  return html`<section aria-labelledby="samples">
<h2 id="samples">Synthetic images</h2>
<p class="note">Left: the label map that the generator was given. Right: the image that it drew, in the style of the site.</p>
${input.samples.map((row) => siteSamples(row, input.image))}
${timeline(input.sampleTimeline)}
</section>`;
}

function siteSamples({ label, cells }: ReportInput['samples'][number], { size, channels }: ReportInput['image']): Html {
  const pairs = cells.map(({ mask, image }, k) => {
    const map = pngImage(encodePicture(maskPicture(mask, size)), `Label map ${k + 1} of ${label}`);
    return html`<div class="pair">${map}${pngImage(encodePicture(imagePicture(image, size, channels)), `Synthetic image drawn from label map ${k + 1} in the style of ${label}`)}</div>`;
  });
  return html`<figure class="samples"><figcaption>${label}</figcaption><div class="pairs">${pairs}</div></figure>`;
}

function timeline(grids: ReportInput['sampleTimeline']): Html | null {
  if (grids.length === 0) return null;
  const shown = evenly(grids, SHOWN);
  return html`<h3>Over the iterations</h3>
<div class="timeline">${shown.map(
    ({ iteration, png }) =>
      html`<figure>${pngImage(png, `Label maps and synthetic images of all sites at iteration ${iteration}`)}<figcaption>iteration ${iteration}</figcaption></figure>`,
  )}</div>`;
}

/** At most `limit` items, the first and the last among them. */
export function evenly<T>(items: readonly T[], limit: number): T[] {
  if (items.length <= limit) return [...items];
  return Array.from({ length: limit }, (_, k) => items[Math.round((k * (items.length - 1)) / (limit - 1))]!);
}

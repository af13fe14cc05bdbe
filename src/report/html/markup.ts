/** HTML that is safe to put into a page as it is. Only this module makes it. */
export class Markup {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

export type Content = Markup | string | number | null | readonly Content[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text that means itself in HTML, inside and outside of attribute values. */
function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** A template whose values are escaped, but for markup made by this same function; lists are joined, null is nothing. */
export function html(strings: TemplateStringsArray, ...values: Content[]): Markup {
  const parts = strings.map((fixed, index) =>
    index < values.length ? fixed + render(values[index]!) : fixed,
  );
  return new Markup(parts.join(""));
}

/** Text from outside: its direction stays its own, so that right-to-left marks cannot reorder what stands around it. */
export function foreign(text: string): Markup {
  return html`<bdi>${text}</bdi>`;
}

/** A name from outside, such as a class: as `foreign`, and long names break after underscores rather than anywhere. */
export function foreignName(name: string): Markup {
  const parts = name
    .split("_")
    .map((part, index) => html`${index === 0 ? "" : html`_<wbr />`}${part}`);
  return html`<bdi>${parts}</bdi>`;
}

/** Takes over markup that a trusted generator wrote, such as a chart. Never text from a corpus or a recipe. */
export function trust(source: string): Markup {
  return new Markup(source);
}

function render(value: Content): string {
  if (value === null) return "";
  if (value instanceof Markup) return value.source;
  if (typeof value === "object") return value.map(render).join("");
  return escapeText(String(value));
}

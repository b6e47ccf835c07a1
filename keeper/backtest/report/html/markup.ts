/** HTML and SVG as strings that cannot be mixed up with text: what is not markup is escaped on its way in. */

declare const brand: unique symbol;
/** Made by this module only. */
export type Markup = string & { readonly [brand]: true };

export type Attributes = Readonly<Record<string, string | number | undefined>>;

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as it has to be written between tags or quotes. Control characters, which no document may hold, are left out. */
export function text(content: string): Markup {
  return content
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "")
    .replace(/[&<>"']/g, (c) => ESCAPES[c] ?? c) as Markup;
}

/** A style sheet or script of ours, which the parser reads without entities. @throws if it would end its own element */
export function verbatim(content: string): Markup {
  if (/<\/(script|style)/i.test(content))
    throw new Error("An embedded style or script holds its own end tag; split the string.");
  return content as Markup;
}

export function join(parts: readonly Markup[], between = ""): Markup {
  return parts.join(between) as Markup;
}

export const NOTHING = "" as Markup;

/** Elements that have no end tag in HTML. */
const VOID = new Set(["meta", "br", "hr", "col"]);

/** @param attributes numbers are written as coordinates are (see coordinate), undefined ones are left out */
export function el(
  name: string,
  attributes: Attributes = {},
  ...children: readonly (Markup | readonly Markup[])[]
): Markup {
  const written = Object.entries(attributes)
    .filter((entry): entry is [string, string | number] => entry[1] !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === "number" ? coordinate(value) : text(value)}"`)
    .join("");
  const inside = children.flat().join("");
  if (VOID.has(name)) return `<${name}${written}>` as Markup;
  return `<${name}${written}>${inside}</${name}>` as Markup;
}

/** A number of a drawing to a tenth of its unit: finer is not seen and costs bytes. @throws for what is no number */
export function coordinate(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`${value} is no coordinate; leave the point out.`);
  const rounded = Math.round(value * 10) / 10;
  return String(rounded === 0 ? 0 : rounded);
}

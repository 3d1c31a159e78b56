/** A small check that a text is well-formed XML: enough for what a writer can get wrong. */

const TOKEN = /<\?[^?]*\?>|<\/([\w:-]+)\s*>|<([\w:-]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|[^<]+/gy;

const NOT_XML = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u;

const ENTITY = /&(?!(?:amp|lt|gt|quot|apos|#39);)/;

/**
 * Returns the elements of a document with their attributes and text; throws if it is not one.
 * @param {string} text
 */
export function elementsOf(text) {
  const fault = (what, at) => {
    throw new SyntaxError(`${what} near ${JSON.stringify(text.slice(at, at + 60))}`);
  };
  if (NOT_XML.test(text)) fault("A character that XML does not have", text.search(NOT_XML));
  if (ENTITY.test(text)) fault("An unknown entity", text.search(ENTITY));
  const [open, elements] = [[], []];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(text);
    if (!token) fault("Not a tag", at);
    const [whole, closed, opened, attributes, isEmpty] = token;
    if (closed !== undefined) {
      if (open.pop()?.name !== closed) fault(`</${closed}> closes another element`, at);
    } else if (opened !== undefined) {
      const names = [...attributes.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]);
      if (new Set(names.map(([name]) => name)).size < names.length) fault("An attribute twice", at);
      const element = { name: opened, attributes: Object.fromEntries(names), text: "" };
      elements.push(element);
      if (isEmpty === "") open.push(element);
    } else if (!whole.startsWith("<?")) {
      if (open.length > 0) open.at(-1).text += whole;
      else if (whole.trim() !== "") fault("Text outside", at);
    }
  }
  if (open.length > 0) fault(`<${open[0].name}> is not closed`, 0);
  return elements;
}

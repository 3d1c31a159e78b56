/** Texts as others may send them, and random choices that are the same in every run. */

export const texts = [
  "", "12 Maple Street", "<img src=x onerror=alert(1)>", "\"><script>window.hit=1</script>", "javascript:alert(1)",
  "a:b", "a/b/c", "100%", "%2F", "a+b c", "a&b=c#d?e", "é 漢字 🏡", "\u202egnp.exe", "\u0000\u0001", "'; DROP TABLE", "=1+1", "x".repeat(300),
  "__proto__", "constructor", "dead-letters", "graph", "\n\t",
];

/** Creates a generator of numbers (mulberry32). */
export function generator(seed) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit) => Math.floor(next() * limit);
  return { below, pick: (items) => items[below(items.length)] };
}

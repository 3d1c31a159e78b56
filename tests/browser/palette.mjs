/** Writes images with few colours as PNG files of a third of the usual size. */

import { deflateSync } from "node:zlib";

/** Colours of a palette. */
const COLOURS_MAX = 256;

/** Bits of each part of a colour by which similar ones are put together. */
const BITS = 5;

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

const CRCS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  let crc = 0xffffffff;
  for (const byte of body) crc = CRCS[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  const [length, end] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  end.writeUInt32BE((crc ^ 0xffffffff) >>> 0);
  return Buffer.concat([length, body, end]);
}

/** Returns the most usual colours, each the most usual one of those that are like it. */
function paletteOf(data) {
  const counts = new Map();
  for (let at = 0; at < data.length; at += 4) {
    const colour = (data[at] << 16) | (data[at + 1] << 8) | data[at + 2];
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const alike = new Map();
  for (const [colour, count] of counts) {
    const key = [16, 8, 0].map((shift) => ((colour >> shift) & 0xff) >> (8 - BITS)).join();
    const known = alike.get(key) ?? { colour, most: 0, count: 0 };
    alike.set(key, { ...(count > known.most ? { colour, most: count } : known), count: known.count + count });
  }
  return [...alike.values()].sort((a, b) => b.count - a.count).slice(0, COLOURS_MAX).map(({ colour }) => colour);
}

/** Returns the place of the nearest colour of a palette. */
function nearest(palette, colour) {
  const parts = (one) => [one >> 16, (one >> 8) & 0xff, one & 0xff];
  const wanted = parts(colour);
  const far = palette.map((one) => parts(one).reduce((sum, part, at) => sum + (part - wanted[at]) ** 2, 0));
  return far.indexOf(Math.min(...far));
}

/**
 * Returns the file of an opaque image.
 * @param {{ width: number, height: number, data: Uint8Array }} image of red, green, blue and alpha
 */
export function paletteImage({ width, height, data }) {
  const palette = paletteOf(data);
  const places = new Map();
  const rows = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = (y * width + x) * 4;
      const colour = (data[at] << 16) | (data[at + 1] << 8) | data[at + 2];
      if (!places.has(colour)) places.set(colour, nearest(palette, colour));
      rows[y * (width + 1) + 1 + x] = places.get(colour);
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  // Eight bits for each place in the palette.
  head.set([8, 3, 0, 0, 0], 8);
  const colours = Buffer.from(palette.flatMap((one) => [one >> 16, (one >> 8) & 0xff, one & 0xff]));
  return Buffer.concat([SIGNATURE, chunk("IHDR", head), chunk("PLTE", colours), chunk("IDAT", deflateSync(rows, { level: 9 })), chunk("IEND", Buffer.alloc(0))]);
}

/** A picture in the page: layout, camera, canvases, pointer and arrow keys of one model. */

import * as cameras from "./camera.mjs";
import { paint, resize, textMeasure } from "./canvas-renderer.mjs";
import { button, el, fill } from "./dom.mjs";
import { createLayout } from "./force-layout.mjs";
import { highlight } from "./highlight.mjs";
import { hit } from "./hit-test.mjs";
import { attachPointer } from "./pointer.mjs";
import { scene } from "./scene.mjs";
import { THEMES, themeOf } from "./theme.mjs";

/** Time of a frame that goes into the layout. */
const LAYOUT_MS = 6;

/** Time in which the camera goes to what was asked for. */
const GLIDE_MS = 250;

const EMPTY = { nodes: [], groups: [], links: [], past: false };

/** The direction of each arrow key. */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * @param {HTMLElement} region has a size of its own
 * @param {object} options
 * @param {string} options.label what the picture shows, for those who cannot see it
 * @param {(ids: string[], how: { add?: boolean }) => void} options.onSelect
 * @param {(id: string) => void} options.onOpen
 * @param {(id: string, x: number, y: number) => void} [options.onMenu]
 * @param {() => void} [options.onPinned] something was dragged to another place
 * @param {(id: string) => unknown[]} [options.describe] what the tooltip of something shows
 * @param {object} [options.scene] options of the scene
 * @param {ReturnType<typeof createLayout>} [options.layout] of an earlier picture, so that what
 *   it had keeps its place
 * @param {boolean} [options.scrolls] whether the picture is part of a page that scrolls; it has
 *   buttons to zoom then
 */
export function createPicture(region, options) {
  const canvas = el("canvas", { role: "img", tabindex: "0", "aria-label": options.label, onkeydown: onKey });
  const above = el("canvas", { class: "above", "aria-hidden": "true" });
  const tip = el("div", { class: "tip", role: "tooltip", hidden: true });
  const layout = options.layout ?? createLayout();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let model = EMPTY;
  let marks = [];
  let camera = { x: 0, y: 0, scale: 1, width: 1, height: 1 };
  /** Whether the camera follows what is shown, until somebody moves it. */
  let follows = true;
  let glide = null;
  let hovered = null;
  /** What was selected last here, from which arrow keys go on. */
  let latest = null;
  let frame = 0;
  const measure = textMeasure(canvas.getContext("2d"));
  region.append(canvas, above, tip);
  if (options.scrolls) region.append(zoomButtons({ zoom: (factor) => zoom(factor), fit: () => fit() }));

  let isPrinted = false;
  const theme = () => (isPrinted ? THEMES.paper : themeOf(dark.matches ? "dark" : "light", model.past));
  const contextOf = (layer) => resize(layer, camera.width, camera.height, devicePixelRatio);

  function draw(now) {
    frame = 0;
    const settled = layout.tick(still.matches ? Infinity : LAYOUT_MS);
    if (glide) {
      const share = Math.min((now - glide.began) / GLIDE_MS, 1);
      camera = cameras.between(glide.from, { ...glide.to, width: camera.width, height: camera.height }, share);
      if (share === 1) glide = null;
    } else if (follows) camera = cameras.fit(layout.positions.values(), camera.width, camera.height);
    marks = scene(model, layout.positions, camera, { ...options.scene, measure });
    paint(contextOf(canvas), marks, theme());
    // What the pointer rests on may be gone, or not what it was.
    if (hovered === null) drawAbove();
    else pointer.look();
    region.dataset.settled = String(settled && !glide);
    if (!settled || glide) redraw();
  }

  function drawAbove() {
    paint(contextOf(above), hovered === null ? [] : highlight(marks, hovered), theme());
  }

  function redraw() {
    region.dataset.settled = "false";
    if (!frame) frame = requestAnimationFrame(draw);
  }

  /** Moves the camera so that the eye can follow. */
  function glideTo(to) {
    follows = false;
    if (still.matches) camera = to;
    else glide = { from: camera, to, began: performance.now() };
    redraw();
  }

  function hover(id, x, y) {
    hovered = id;
    drawAbove();
    const content = id === null ? null : options.describe?.(id);
    tip.hidden = !content;
    if (!content) return;
    fill(tip, content);
    const box = region.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(x - box.left + 14, box.width - tip.offsetWidth - 4)) + "px";
    tip.style.top = Math.max(4, Math.min(y - box.top + 14, box.height - tip.offsetHeight - 4)) + "px";
  }

  const zoom = (factor) => glideTo(cameras.zoom(camera, factor));

  function fit() {
    glideTo(cameras.fit(layout.positions.values(), camera.width, camera.height));
    follows = true;
  }

  const pointer = attachPointer(canvas, {
    scrolls: options.scrolls,
    hit: (x, y, tolerance) => hit(marks, x, y, tolerance),
    camera: () => camera,
    onCamera(moved) {
      follows = false;
      glide = null;
      camera = moved;
      redraw();
    },
    onSelect(id, more) {
      canvas.focus({ preventScroll: true });
      latest = id;
      options.onSelect(id === null ? [] : [id], { add: more });
    },
    onOpen: (id) => options.onOpen(id),
    onMenu(id, x, y) {
      hover(null);
      if (id !== null) options.onMenu?.(id, x, y);
    },
    onDrag(id, dx, dy, isEnd) {
      const point = layout.positions.get(id);
      layout.pin(id, point.x + dx, point.y + dy);
      hover(null);
      if (isEnd) options.onPinned?.();
      redraw();
    },
    isMovable: (id) => layout.positions.has(id),
    onHover: hover,
  });

  function current() {
    const selected = marks.filter((mark) => isBody(mark) && mark.item.selected);
    return selected.find(({ id }) => id === latest) ?? selected[0];
  }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    const at = current();
    if (arrow) {
      const add = event.shiftKey;
      // What is selected already would be taken away.
      const others = add ? marks.filter((mark) => !mark.item?.selected) : marks;
      const next = nearest(others, at ?? { x: camera.width / 2, y: camera.height / 2 }, arrow, !at);
      if (next) {
        latest = next.id;
        options.onSelect([next.id], { add });
      }
    } else if (event.key === "Enter" && at) options.onOpen(at.id);
    else if (event.key === " " && at) options.onSelect([], {});
    else if (at && (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey))) {
      const box = canvas.getBoundingClientRect();
      options.onMenu?.(at.id, box.left + at.x, box.top + at.y);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Draws black on white while the page is printed; there is no frame to wait for. */
  function printing({ type }) {
    isPrinted = type === "beforeprint";
    if (isPrinted) paint(contextOf(canvas), marks, theme());
    else redraw();
  }
  window.addEventListener("beforeprint", printing);
  window.addEventListener("afterprint", printing);

  const observer = new ResizeObserver(([{ contentRect }]) => {
    camera = { ...camera, width: contentRect.width, height: contentRect.height };
    redraw();
  });
  observer.observe(region);
  dark.addEventListener("change", redraw);

  return {
    canvas,
    layout,
    model: () => model,
    /** What is drawn. */
    marks: () => marks,
    show(next) {
      const { clientWidth: width, clientHeight: height } = region;
      model = { ...next, aspect: width && height ? width / height : 1 };
      layout.setGraph(model);
      redraw();
    },
    redraw,
    describe: (text) => canvas.setAttribute("aria-label", text),
    fit, zoom,
    centre(id) {
      const point = layout.positions.get(id);
      if (point) glideTo({ ...camera, x: point.x, y: point.y });
    },
    tidy() {
      layout.tidy();
      redraw();
    },
    unpin(id) {
      layout.unpin(id);
      redraw();
    },
    destroy() {
      pointer.detach();
      cancelAnimationFrame(frame);
      observer.disconnect();
      window.removeEventListener("beforeprint", printing);
      window.removeEventListener("afterprint", printing);
      dark.removeEventListener("change", redraw);
    },
  };
}

const isBody = ({ kind }) => kind === "node" || kind === "group";

/** Makes the buttons of a picture where the wheel alone scrolls the page. */
const zoomButtons = ({ zoom, fit }) => el("div", { class: "zoom", title: "Ctrl and the wheel, or two fingers, zoom" },
  button("+", () => zoom(1.25), { "aria-label": "Zoom in" }), button("−", () => zoom(0.8), { "aria-label": "Zoom out" }), button("Fit", () => fit()));

/** Returns the nearest node or group in a direction, or simply the nearest. */
function nearest(marks, from, [across, down], anywhere) {
  let found = null;
  let least = Infinity;
  for (const mark of marks) {
    if (!isBody(mark) || mark.id === from.id) continue;
    const [dx, dy] = [mark.x - from.x, mark.y - from.y];
    const ahead = dx * across + dy * down;
    const aside = Math.abs(dx * down) + Math.abs(dy * across);
    // What is more to the side than ahead is in another direction.
    if (!anywhere && (ahead <= 0 || aside > 2 * ahead)) continue;
    const away = anywhere ? Math.hypot(dx, dy) : ahead + 2 * aside;
    if (away < least) [found, least] = [mark, away];
  }
  return found;
}

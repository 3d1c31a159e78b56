/** A picture in the page: layout, camera, canvases and pointer of one model. */

import * as cameras from "./camera.mjs";
import { paint, resize } from "./canvas-renderer.mjs";
import { el } from "./dom.mjs";
import { createLayout } from "./force-layout.mjs";
import { scene } from "./scene.mjs";
import { themeOf } from "./theme.mjs";

/** Time of a frame that goes into the layout. */
const LAYOUT_MS = 6;

const EMPTY = { nodes: [], groups: [], links: [], past: false };

/**
 * @param {HTMLElement} region has a size of its own
 * @param {object} options
 * @param {string} options.label what the picture shows, for those who cannot see it
 * @param {(ids: string[], how: { add?: boolean }) => void} options.onSelect
 * @param {(id: string) => void} options.onOpen
 * @param {(id: string, x: number, y: number) => void} [options.onMenu]
 * @param {object} [options.scene] options of the scene
 */
export function createPicture(region, { label, onSelect, onOpen, onMenu, scene: sceneOptions = {} }) {
  const canvas = el("canvas", { role: "img", tabindex: "0", "aria-label": label });
  const layout = createLayout();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let model = EMPTY;
  let marks = [];
  let camera = { x: 0, y: 0, scale: 1, width: 1, height: 1 };
  /** Whether the camera follows what is shown, until somebody moves it. */
  let follows = true;
  let frame = 0;
  region.append(canvas);

  function draw() {
    frame = 0;
    const settled = layout.tick(still.matches ? Infinity : LAYOUT_MS);
    if (follows) camera = cameras.fit(layout.positions.values(), camera.width, camera.height);
    const context = resize(canvas, camera.width, camera.height, devicePixelRatio);
    marks = scene(model, layout.positions, camera, sceneOptions);
    paint(context, marks, themeOf(dark.matches ? "dark" : "light", model.past));
    region.dataset.settled = String(settled);
    if (!settled) redraw();
  }

  function redraw() {
    if (!frame) frame = requestAnimationFrame(draw);
  }

  const observer = new ResizeObserver(([{ contentRect }]) => {
    camera = { ...camera, width: contentRect.width, height: contentRect.height };
    redraw();
  });
  observer.observe(region);
  dark.addEventListener("change", redraw);

  return {
    canvas,
    show(next) {
      model = next;
      layout.setGraph(model);
      redraw();
    },
    describe: (text) => canvas.setAttribute("aria-label", text),
    fit() {
      follows = true;
      redraw();
    },
    zoom(factor) {
      follows = false;
      camera = cameras.zoom(camera, factor);
      redraw();
    },
    centre(id) {
      const point = layout.positions.get(id);
      if (!point) return;
      follows = false;
      camera = { ...camera, x: point.x, y: point.y };
      redraw();
    },
    tidy() {
      layout.tidy();
      redraw();
    },
    unpin(id) {
      layout.unpin(id);
      redraw();
    },
    isPinned: layout.isPinned,
    marks: () => marks,
    destroy() {
      cancelAnimationFrame(frame);
      observer.disconnect();
      dark.removeEventListener("change", redraw);
    },
  };
}

/**
 * What the pointer does on the picture: dragging the ground pans, the wheel and two fingers
 * zoom, dragging a node pins it; a tap selects, two open, a long one or the right button asks
 * for the menu. In a page that scrolls, the wheel alone and a finger that goes up or down
 * scroll it, as everywhere else on the page; with Ctrl or ⌘ the wheel zooms.
 */

import { pan, zoom } from "./camera.mjs";

/** A pointer that moves no further is not dragging, in CSS pixels. */
const STILL = { mouse: 4, touch: 10 };

/** Two taps within this time open. Milliseconds. */
const DOUBLE_MAX_MS = 400;

/** A finger that rests this long asks for the menu. Milliseconds. */
const LONG_MS = 550;

/** How far from a target counts as on it, in CSS pixels: a finger has 24 at least. */
const TOLERANCE = { mouse: 8, touch: 16 };

/** Pixels of one line and one page of a wheel, and how many double the scale. Two fingers on a
 * touchpad come as a wheel with Ctrl that goes in small steps. */
const WHEEL = { units: [1, 16, 400], doubles: 300, pinchDoubles: 80, pinchStepMax: 50 };

/**
 * @typedef {object} PointerHandlers
 * @property {(x: number, y: number, tolerance: number) => string | null} hit
 * @property {() => import("./camera.mjs").Camera} camera
 * @property {(camera: import("./camera.mjs").Camera) => void} onCamera
 * @property {(id: string | null, more: boolean) => void} onSelect more with the Shift key
 * @property {(id: string) => void} onOpen
 * @property {(id: string | null, x: number, y: number) => void} onMenu at a point of the window
 * @property {(id: string, dx: number, dy: number, isEnd: boolean) => void} onDrag how far since
 *   the last call, in units of the layout, so that nothing jumps to the pointer
 * @property {(id: string) => boolean} [isMovable] a link is not: dragging it pans
 * @property {(id: string | null, x: number, y: number) => void} [onHover] a point of the window
 * @property {boolean} [scrolls] whether the picture is part of a page that scrolls
 */

/**
 * Listens to the pointer on a canvas.
 * @param {HTMLElement} canvas
 * @param {PointerHandlers} handlers
 * @returns {{ look: () => void, detach: () => void }} `look` says again what is under a pointer
 *   that rests while the picture changes
 */
export function attachPointer(canvas, handlers) {
  const listening = new AbortController();
  const gesture = new Gesture(canvas, handlers);
  const listen = (type, handle) => canvas.addEventListener(type, (event) => handle(event), {
    signal: listening.signal,
    passive: false,
  });
  canvas.style.touchAction = handlers.scrolls ? "pan-y" : "none";
  listen("pointerdown", (event) => gesture.down(event));
  listen("pointermove", (event) => gesture.move(event));
  listen("pointerup", (event) => gesture.up(event));
  listen("pointercancel", (event) => gesture.cancel(event));
  listen("pointerleave", (event) => gesture.hover(null, event));
  listen("wheel", (event) => gesture.wheel(event));
  listen("contextmenu", (event) => gesture.menu(event));
  return {
    look: () => gesture.look(),
    detach() {
      listening.abort();
      gesture.stop();
    },
  };
}

/** What the pointers that are down are doing. */
class Gesture {
  /**
   * @param {HTMLElement} canvas
   * @param {PointerHandlers} handlers
   */
  constructor(canvas, handlers) {
    this.canvas = canvas;
    this.handlers = handlers;
    /** Where each pointer that is down was last. @type {Map<number, { x: number, y: number }>} */
    this.pointers = new Map();
    /** @type {{ at: { x: number, y: number }, target: string | null, isMoving: boolean } | null} */
    this.press = null;
    /** @type {string | null | undefined} */
    this.hovered = undefined;
    /** Where the pointer was seen last, if it is over the canvas. @type {PointerEvent | null} */
    this.seen = null;
    this.lastTap = { id: /** @type {string | null} */ (null), time: -Infinity };
    this.lastMenu = -Infinity;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  /** @param {PointerEvent} event */
  down(event) {
    if (event.button !== 0) return;
    const at = this.at(event);
    this.canvas.setPointerCapture?.(event.pointerId);
    this.pointers.set(event.pointerId, at);
    clearTimeout(this.timer);
    if (this.pointers.size > 1) {
      this.release();
      return;
    }
    this.press = { at, target: this.hit(event, at), isMoving: false };
    if (event.pointerType !== "touch") return;
    this.timer = setTimeout(() => this.openMenu(event), LONG_MS);
  }

  /** @param {PointerEvent} event */
  move(event) {
    const at = this.at(event);
    const last = this.pointers.get(event.pointerId);
    if (!last) {
      this.hover(this.hit(event, at), event);
      return;
    }
    const others = [...this.pointers].filter(([id]) => id !== event.pointerId);
    if (others.length > 0) this.pinch(last, at, others[0][1]);
    else this.drag(last, at, event);
    this.pointers.set(event.pointerId, at);
  }

  /** @param {PointerEvent} event */
  up(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    clearTimeout(this.timer);
    const press = this.press;
    this.release();
    if (press && !press.isMoving) this.tap(press.target, event);
  }

  /** @param {PointerEvent} event */
  cancel(event) {
    this.pointers.delete(event.pointerId);
    clearTimeout(this.timer);
    this.release();
  }

  /** Ends what one pointer alone was doing. */
  release() {
    const press = this.press;
    this.press = null;
    if (press?.isMoving && this.moves(press)) this.handlers.onDrag(press.target, 0, 0, true);
    this.canvas.style.cursor = this.hovered ? "pointer" : "grab";
  }

  /** Says whether a press drags what is under it rather than the ground. */
  moves({ target }) {
    return target !== null && (this.handlers.isMovable?.(target) ?? true);
  }

  /** Drags a node or the ground, once the pointer has left its place. */
  drag(last, at, event) {
    const press = this.press;
    if (!press) return;
    if (!press.isMoving && !this.leaves(press, at, event)) return;
    clearTimeout(this.timer);
    const from = press.isMoving ? last : press.at;
    press.isMoving = true;
    this.canvas.style.cursor = "grabbing";
    const camera = this.handlers.camera();
    const [dx, dy] = [at.x - from.x, at.y - from.y];
    if (!this.moves(press)) this.handlers.onCamera(pan(camera, dx, dy));
    else this.handlers.onDrag(press.target, dx / camera.scale, dy / camera.scale, false);
  }

  /** Says whether a pointer has left its place; a finger that goes up or down scrolls the page. */
  leaves(press, at, { pointerType }) {
    const [across, down] = [Math.abs(at.x - press.at.x), Math.abs(at.y - press.at.y)];
    if (pointerType !== "touch") return Math.hypot(across, down) > STILL.mouse;
    return Math.hypot(across, down) > STILL.touch && !(this.handlers.scrolls && down > across);
  }

  /** Zooms by two fingers, and pans with them. */
  pinch(last, at, other) {
    const middle = (point) => ({ x: (point.x + other.x) / 2, y: (point.y + other.y) / 2 });
    const apart = (point) => Math.max(Math.hypot(point.x - other.x, point.y - other.y), 8);
    const [before, after] = [middle(last), middle(at)];
    const moved = pan(this.handlers.camera(), after.x - before.x, after.y - before.y);
    this.handlers.onCamera(zoom(moved, apart(at) / apart(last), after));
  }

  /** Selects, or opens what was selected a moment ago. */
  tap(id, event) {
    const isSecond = id === this.lastTap.id && event.timeStamp - this.lastTap.time < DOUBLE_MAX_MS;
    this.lastTap = isSecond ? { id: null, time: -Infinity } : { id, time: event.timeStamp };
    if (isSecond && id !== null) this.handlers.onOpen(id);
    else this.handlers.onSelect(id, event.shiftKey);
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    if (this.handlers.scrolls && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const pixels = event.deltaY * (WHEEL.units[event.deltaMode] ?? 1);
    const isPinch = event.ctrlKey && Math.abs(pixels) < WHEEL.pinchStepMax;
    const doubles = isPinch ? WHEEL.pinchDoubles : WHEEL.doubles;
    const factor = 2 ** (-Math.min(Math.max(pixels, -300), 300) / doubles);
    this.handlers.onCamera(zoom(this.handlers.camera(), factor, this.at(event)));
  }

  /**
   * Opens the menu, unless a key asked for it: then there is no place under a pointer.
   * @param {PointerEvent} event
   */
  menu(event) {
    if (event.button === 0 && (event.pointerType ?? "") === "") return;
    event.preventDefault();
    // A long touch comes as a timer, as this event, or as both.
    if (event.timeStamp - this.lastMenu > 2 * LONG_MS) this.openMenu(event);
  }

  /** @param {PointerEvent} event */
  openMenu(event) {
    clearTimeout(this.timer);
    this.press = null;
    this.lastMenu = event.timeStamp;
    this.handlers.onMenu(this.hit(event, this.at(event)), event.clientX, event.clientY);
  }

  /**
   * @param {string | null} id
   * @param {PointerEvent} event
   */
  hover(id, event) {
    if (event.pointerType === "touch") return;
    this.seen = event.type === "pointerleave" ? null : event;
    if (id !== this.hovered) this.say(id, event);
  }

  /** Says what is under a resting pointer, even if it is the same: it may have changed. */
  look() {
    if (this.seen && this.pointers.size === 0) this.say(this.hit(this.seen, this.at(this.seen)), this.seen);
  }

  /**
   * @param {string | null} id
   * @param {PointerEvent} event
   */
  say(id, event) {
    this.hovered = id;
    this.canvas.style.cursor = id === null ? "grab" : "pointer";
    this.handlers.onHover?.(id, event.clientX, event.clientY);
  }

  stop() {
    clearTimeout(this.timer);
    this.pointers.clear();
  }

  /** Returns what is under a pointer. */
  hit(event, { x, y }) {
    const tolerance = event.pointerType === "touch" ? TOLERANCE.touch : TOLERANCE.mouse;
    return this.handlers.hit(x, y, tolerance);
  }

  /** Returns where an event is on the canvas. */
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }
}

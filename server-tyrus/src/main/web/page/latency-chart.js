const SVG = 'http://www.w3.org/2000/svg';
const BARS = 60;
const WIDTH = 240;
const HEIGHT = 64;

/** The time from sending to the count, one bar for each of the last messages. */
export class LatencyChart {
  #svg;
  #figures;
  /** @type {number[]} */
  #millis = [];
  /** @type {SVGRectElement[]} */
  #bars;

  /** @param {SVGSVGElement} svg @param {HTMLElement} figures the same in words */
  constructor(svg, figures) {
    this.#svg = svg;
    this.#figures = figures;
    const base = document.createElementNS(SVG, 'line');
    base.setAttribute('x2', `${WIDTH}`);
    base.setAttribute('y1', `${HEIGHT}`);
    base.setAttribute('y2', `${HEIGHT}`);
    this.#bars = Array.from({ length: BARS }, (_, i) => {
      const bar = document.createElementNS(SVG, 'rect');
      bar.setAttribute('x', `${(i * WIDTH) / BARS}`);
      bar.setAttribute('width', `${(WIDTH / BARS) * 0.7}`);
      return bar;
    });
    svg.append(base, ...this.#bars);
  }

  /** @param {number} millis */
  add(millis) {
    this.#millis.push(millis);
    if (this.#millis.length > BARS) {
      this.#millis.shift();
    }
  }

  show() {
    if (this.#millis.length === 0) {
      return;
    }
    const slowest = Math.max(...this.#millis);
    this.#bars.forEach((bar, i) => {
      const millis = this.#millis[i];
      const height = millis === undefined ? 0 : Math.max(1, (millis / slowest) * HEIGHT);
      bar.setAttribute('y', `${HEIGHT - height}`);
      bar.setAttribute('height', `${height}`);
    });
    const sorted = [...this.#millis].sort((a, b) => a - b);
    const median = sorted[Math.floor((sorted.length - 1) / 2)];
    const figures = `last ${inWords(this.#millis.at(-1) ?? 0)}, median ${inWords(median)}, slowest ${inWords(slowest)}`;
    this.#figures.textContent = figures;
    this.#svg.setAttribute('aria-label', `Of ${sorted.length} messages: ${figures}`);
  }
}

/** @param {number} millis */
function inWords(millis) {
  return millis < 10 ? `${millis.toFixed(1)} ms` : `${Math.round(millis)} ms`;
}

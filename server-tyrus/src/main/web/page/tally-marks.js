const SVG = 'http://www.w3.org/2000/svg';
const GROUPS = 20;
const COLUMNS = 10;
const GROUP_WIDTH = 40;
const GROUP_HEIGHT = 40;
/** Four strokes and the one across, as everybody tallies. */
const STROKES = [
  [5, 4, 5, 28],
  [12, 4, 12, 28],
  [19, 4, 19, 28],
  [26, 4, 26, 28],
  [0, 25, 31, 7],
];

/** The last hundred messages as tally marks: solid if counted, dotted while they wait. */
export class TallyMarks {
  /** @type {SVGLineElement[]} */
  #lines = [];

  /** @param {SVGSVGElement} svg */
  constructor(svg) {
    const rows = GROUPS / COLUMNS;
    svg.setAttribute('viewBox', `0 0 ${COLUMNS * GROUP_WIDTH} ${rows * GROUP_HEIGHT}`);
    for (let i = 0; i < GROUPS * STROKES.length; i++) {
      const group = Math.floor(i / STROKES.length);
      const x = (group % COLUMNS) * GROUP_WIDTH;
      const y = Math.floor(group / COLUMNS) * GROUP_HEIGHT;
      const [x1, y1, x2, y2] = STROKES[i % STROKES.length];
      const line = document.createElementNS(SVG, 'line');
      Object.entries({ x1: x + x1, y1: y + y1, x2: x + x2, y2: y + y2 }).forEach(([name, value]) =>
        line.setAttribute(name, `${value}`),
      );
      this.#lines.push(line);
    }
    svg.append(...this.#lines);
  }

  /** @param {number} count messages that are counted @param {number} waiting those after them */
  show(count, waiting) {
    const rowLength = COLUMNS * STROKES.length;
    const rowsNeeded = Math.ceil((count + waiting) / rowLength);
    const first = Math.max(0, rowsNeeded * rowLength - this.#lines.length);
    this.#lines.forEach((line, i) => {
      const number = first + i + 1;
      const kind = number <= count ? 'counted' : number <= count + waiting ? 'pending' : '';
      line.setAttribute('class', kind);
    });
  }
}

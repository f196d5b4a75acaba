const LINES = 200;
const MARKS = { in: '←', out: '→', note: '·' };
const SPOKEN = { in: 'received', out: 'sent', note: 'note' };

/** The frames that were received and sent, the newest on top. */
export class FrameLog {
  #list;

  /** @param {HTMLOListElement} list */
  constructor(list) {
    this.#list = list;
  }

  /** @param {'in' | 'out' | 'note'} kind @param {string} text */
  add(kind, text) {
    const line = document.createElement('li');
    const time = document.createElement('time');
    time.textContent = new Date().toISOString().slice(11, 23);
    const mark = document.createElement('span');
    mark.className = kind;
    mark.textContent = MARKS[kind];
    mark.setAttribute('role', 'img');
    mark.setAttribute('aria-label', SPOKEN[kind]);
    const content = document.createElement('span');
    content.className = kind;
    content.textContent = text;
    line.append(time, mark, content);
    this.#list.prepend(line);
    if (this.#list.childElementCount > LINES) {
      this.#list.lastElementChild?.remove();
    }
  }
}

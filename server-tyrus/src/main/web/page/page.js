import { TallyClient } from '../client/tally-client.js';
import { FrameLog } from './frame-log.js';
import { LatencyChart } from './latency-chart.js';
import { TallyMarks } from './tally-marks.js';

/** @typedef {import('../client/tally-client.js').TallyEvents} TallyEvents */

/** The first window of the pauses: long enough to see the break after "cut the connection". */
const FIRST_BACKOFF_MS = 600;

/** @param {string} id @returns {any} the element; the page has it */
const element = (id) => document.getElementById(id);

const log = new FrameLog(element('frames'));
const latency = new LatencyChart(element('latency'), element('latency-figures'));
const marks = new TallyMarks(element('marks'));

/** @type {TallyClient} */
let client;
let heartbeatMs = 0;
let heartbeatEveryS = 0;
let color = '';
let questions = 0;
let lastAnswered = 0;
let drawing = 0;

function start() {
  element('notice').hidden = true;
  client = new TallyClient('ws/chat/', { backoffMs: FIRST_BACKOFF_MS });
  client.addEventListener('state', stateChanged);
  client.addEventListener('welcome', welcomed);
  client.addEventListener('count', draw);
  client.addEventListener('frame', ({ detail }) => log.add(detail.direction, detail.text));
  client.addEventListener('error', ({ detail }) => log.add('note', detail.message));
  client.addEventListener('heartbeat', beat);
  showState('connecting', 'Connecting');
}

/** @param {TallyEvents['state']} event */
function stateChanged({ detail: { state, retryInMs = 0, reason, error } }) {
  const words = {
    connecting: 'Connecting',
    open: 'Connected',
    moving: 'Moving to the next server',
    waiting: `Connection lost, next try in ${(retryInMs / 1000).toFixed(1)} s`,
    offline: 'You are offline',
    closed: error?.code === 'superseded' ? 'Went on elsewhere' : 'Closed',
  };
  showState(state, words[state]);
  if (state !== 'open') {
    log.add('note', reason ? `${words[state]} (${reason})` : words[state]);
  }
  if (error) {
    ended(error);
  }
  draw();
}

/** @param {string} state @param {string} words */
function showState(state, words) {
  element('state').dataset.state = state;
  ['send', 'hundred', 'cut'].forEach((id) => (element(id).disabled = state === 'closed'));
  element('state-text').textContent = words;
  announce(words);
}

/** @param {TallyEvents['welcome']} event */
function welcomed({ detail: { sessionId, heartbeatS } }) {
  heartbeatEveryS = heartbeatS;
  heartbeatMs = performance.now();
  element('session').textContent = sessionId;
  element('copy').disabled = false;
  showHeartbeat();
  askWhoAnswers();
}

/**
 * Asks for the colour of the server. During a promotion the old server may still answer, so this is
 * repeated with each heartbeat. A load balancer may send it to another instance than the WebSocket,
 * so only the colour is shown.
 */
async function askWhoAnswers() {
  const question = ++questions;
  const response = await fetch('healthz', { cache: 'no-store' }).catch(() => undefined);
  if (!response?.ok) {
    return;
  }
  const { color: answer = '' } = await response.json();
  if (question < lastAnswered) {
    return;
  }
  lastAnswered = question;
  document.documentElement.dataset.color = answer;
  element('swatch').hidden = !answer;
  element('server').textContent = answer || 'without a colour';
  if (color && answer && color !== answer) {
    log.add('note', `Now served by ${answer}`);
    announce(`Now served by ${answer}`);
  }
  color = answer;
}

/** @param {import('../client/tally-client.js').TallyError} error */
function ended(error) {
  const superseded = error.code === 'superseded';
  const uncounted = client.waiting;
  const fate = uncounted === 0 ? '' : ` ${uncounted} messages from here had no count yet; some of them may be counted.`;
  element('notice-title').textContent = superseded
    ? 'This session went on in another tab'
    : 'The connection was closed';
  element('notice-text').textContent = superseded
    ? `A session has one connection at a time, so that nothing is counted twice, and the newest one wins.${fate}`
    : `${error.message}.${fate}`;
  element('take-back').textContent = superseded ? 'Take it back' : 'Connect again';
  element('notice').hidden = false;
  element('notice-title').focus();
}

/** @param {string} text */
async function send(text) {
  const sentMs = performance.now();
  const sent = client.send(text);
  draw();
  try {
    await sent;
    latency.add(performance.now() - sentMs);
  } catch (error) {
    log.add('note', `${text}: ${/** @type {Error} */ (error).message}`);
  }
  draw();
}

/** Shows the present values. Many changes within one frame of the screen are drawn once. */
function draw() {
  cancelAnimationFrame(drawing);
  drawing = requestAnimationFrame(() => {
    const { counted, lost, duplicated, reconnects } = client.totals;
    element('count').textContent = client.count;
    element('acknowledged').textContent = counted;
    element('in-flight').textContent = client.waiting;
    element('lost').textContent = lost;
    element('duplicated').textContent = duplicated;
    element('reconnects').textContent = reconnects === 0 ? 'not yet' : times(reconnects);
    marks.show(client.count, client.waiting);
    latency.show();
    announceCount();
  });
}

/** @param {number} n */
function times(n) {
  return n === 1 ? 'once' : `${n} times`;
}

function beat() {
  heartbeatMs = performance.now();
  showHeartbeat();
  askWhoAnswers();
  element('heart').classList.remove('beat');
  requestAnimationFrame(() => element('heart').classList.add('beat'));
}

function showHeartbeat() {
  if (heartbeatEveryS > 0) {
    const agoS = Math.round((performance.now() - heartbeatMs) / 1000);
    element('heartbeat').textContent = `${agoS} s ago, every ${heartbeatEveryS} s`;
  }
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let announcing;
let announcedCount = 0;

/** Announces a count to screen readers once it has not changed for a moment. */
function announceCount() {
  clearTimeout(announcing);
  announcing = setTimeout(() => {
    if (client.count !== announcedCount) {
      announcedCount = client.count;
      announce(`${client.count} counted, ${client.waiting} in flight`);
    }
  }, 700);
}

/** @param {string} text */
function announce(text) {
  element('announcement').textContent = text;
}

async function copySession() {
  const id = element('session').textContent;
  try {
    await navigator.clipboard.writeText(id);
    announce('Session id copied');
    element('copy').firstChild.textContent = 'Copied';
    setTimeout(() => (element('copy').firstChild.textContent = 'Copy'), 2000);
  } catch {
    // Without TLS, browsers do not allow the clipboard. Select the text, so that you can copy it.
    getSelection()?.selectAllChildren(element('session'));
    announce('Session id selected: copy it from your keyboard');
  }
}

element('composer').addEventListener('submit', (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  send(element('text').value);
  element('text').select();
});
element('hundred').addEventListener('click', () => {
  for (let i = 1; i <= 100; i++) {
    send(`${i} of 100`);
  }
});
element('cut').addEventListener('click', () => client.reconnect());
element('copy').addEventListener('click', copySession);
element('take-back').addEventListener('click', () => {
  start();
  element('text').focus();
});
element('begin-anew').addEventListener('click', () => {
  client.close({ forget: true });
  start();
  element('text').focus();
});
setInterval(showHeartbeat, 1000);
start();

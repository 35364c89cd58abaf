/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/** The script of the page that `famfs map --html` writes: a picture for each device, what it tells, and the search. */

import { type DeviceData, type PageData, Picture } from './picture';

const FOUND = 20;

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const data = JSON.parse(element('data').textContent ?? '') as PageData;
const tip = element('tip');
const search = element<HTMLInputElement>('search');
const results = element('results');
const places = document.querySelectorAll<HTMLElement>('.where');
const pictures = Array.from(
  document.querySelectorAll('canvas'),
  (canvas, i) => new Picture(canvas, places[i] as HTMLElement, data.devices[i] as DeviceData, data),
);
/** The picture that keys are for: that under the pointer last. */
let current = pictures[0] as Picture;

function find(): void {
  const wanted = search.value.toLowerCase();
  const matches =
    wanted === '' ? [] : data.files.flatMap(([path], i) => (path.toLowerCase().includes(wanted) ? [i] : []));
  const items = matches.slice(0, FOUND).map((file) => {
    const item = document.createElement('button');
    item.textContent = (data.files[file] as readonly string[])[0] as string;
    item.addEventListener('click', () => {
      hideTip();
      for (const picture of pictures) picture.goTo(file);
    });
    return item;
  });
  const note = document.createElement('p');
  note.textContent = wanted === '' ? '' : `${matches.length} found`;
  results.replaceChildren(note, ...items);
  for (const picture of pictures) picture.pick(wanted);
}

function showTip(picture: Picture, event: MouseEvent): void {
  tip.textContent = picture.describe(picture.byteAt(event));
  tip.hidden = false;
  tip.style.left = `${Math.max(0, Math.min(event.clientX + 12, window.innerWidth - tip.offsetWidth - 8))}px`;
  tip.style.top = `${Math.min(event.clientY + 12, window.innerHeight - tip.offsetHeight - 8)}px`;
}

function hideTip(): void {
  tip.hidden = true;
}

function listen(picture: Picture): void {
  picture.canvas.addEventListener('mousemove', (event) => {
    current = picture;
    showTip(picture, event);
  });
  picture.canvas.addEventListener('mouseleave', hideTip);
  picture.canvas.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      hideTip();
      picture.zoom(event.deltaY < 0 ? 0.8 : 1.25, picture.byteAt(event));
    },
    { passive: false },
  );
}

const KEYS: Readonly<Record<string, () => void>> = {
  '+': () => current.zoom(0.8),
  '-': () => current.zoom(1.25),
  0: () => current.showAll(),
  ArrowLeft: () => current.move(-0.25),
  ArrowUp: () => current.move(-0.25),
  ArrowRight: () => current.move(0.25),
  ArrowDown: () => current.move(0.25),
};

for (const picture of pictures) listen(picture);
window.addEventListener('keydown', (event) => {
  const act = KEYS[event.key];
  if (event.target === search || act === undefined) return;
  hideTip();
  act();
});
const drawAll = () => {
  for (const picture of pictures) picture.draw();
};
search.addEventListener('input', find);
window.addEventListener('resize', drawAll);
drawAll();

import { accessSync } from 'node:fs';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { MIB } from '../../src/log/layout';
import { file, GIB, makeImage, mkdir, Space, writeImage } from '../support/images';
import { famfsOk } from '../support/run';
import { filledDevices } from '../support/run-devices';
import { scratchAll } from '../support/run-scratch';

/** The page in a browser. FAMFS_TEST_NO_BROWSER leaves this out where there is none; without it, a browser must be there. */

const CHROMIUM = '/usr/bin/chromium';
const HOSTILE = '</script><img src=x onerror=document.title=1>&"\'';
const FILES = 15_000;
const leftOut = process.env.FAMFS_TEST_NO_BROWSER !== undefined;

(leftOut ? describe.skip : describe)('the page of famfs map --html', () => {
  const scratch = scratchAll();
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    accessSync(CHROMIUM);
    const space = new Space();
    const hostile = HOSTILE.replaceAll('/', '|').slice(0, 78);
    const first = [
      file('big', 4 * GIB, space.simple(4 * GIB)),
      mkdir('<'),
      file(`</${hostile}`, GIB, space.simple(GIB)),
      file('striped', 8 * GIB, space.interleaved(8 * GIB, 4, 2 * MIB)),
    ];
    const many = Array.from({ length: FILES }, (_, i) => file(`f${i}`, 2 * MIB, space.simple(2 * MIB)));
    const device = scratch.path('device.img');
    writeImage(device, makeImage({ entries: [...first, ...many], deviceSize: 64 * GIB }));
    await famfsOk(['map', '--html', scratch.path('map.html'), device]);
    browser = await puppeteer.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    page = await browser.newPage();
    await page.setViewport({ width: 1000, height: 700 });
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => problems.push(message.text()));
    await page.goto(`file://${scratch.path('map.html')}`);
  });

  afterAll(async () => {
    await browser?.close();
  });

  const textOf = (selector: string) => page.$eval(selector, (node) => node.textContent ?? '');

  /** What the page tells of the byte `at` of 64 GiB, by the place of the pointer. */
  async function tipAt(at: number): Promise<string> {
    const box = await (await page.$('#map'))?.boundingBox();
    if (!box) throw new Error('there is no canvas');
    const rows = Math.floor(box.height / 18);
    const row = Math.floor((at / (64 * GIB)) * rows);
    await page.mouse.move(box.x + ((at / (64 * GIB)) * rows - row) * box.width, box.y + row * 18 + 5);
    return textOf('#tip');
  }

  test('draws, and nothing goes wrong', async () => {
    expect(await textOf('#where')).toBe('0 B to 64.0 GiB of 64.0 GiB');
    if (process.env.FAMFS_TEST_SCREENSHOT)
      await page.screenshot({ path: process.env.FAMFS_TEST_SCREENSHOT as `${string}.png` });
    expect(problems).toEqual([]);
  });

  test('tells what lies under the pointer', async () => {
    expect(await tipAt(2 * GIB)).toMatch(
      /^big\nextent 0\noffset \d+ \(10\.0 MiB\)\nlength 4294967296 \(4\.0 GiB\)$/,
    );
    expect(await tipAt(8 * GIB)).toMatch(/^striped\nstrip 1\n/);
    expect(await tipAt(60 * GIB)).toMatch(/^free\n/);
  });

  test('a hostile name is text', async () => {
    expect(await tipAt(4.5 * GIB)).toMatch(/^<\/<\|script><img src=x onerror=/);
    expect(await page.$$('img')).toEqual([]);
    expect(await page.title()).toContain('device.img');
    expect(problems).toEqual([]);
  });

  test('the wheel and keys zoom', async () => {
    await tipAt(2 * GIB);
    await page.mouse.wheel({ deltaY: -100 });
    await page.waitForFunction(() => document.getElementById('where')?.textContent?.includes(' to 51.'));
    await page.keyboard.press('0');
    await page.waitForFunction(() =>
      document.getElementById('where')?.textContent?.startsWith('0 B to 64.0'),
    );
  });

  test('a search finds files, and leads to one', async () => {
    await page.type('#search', 'f1234');
    expect(await textOf('#results p')).toBe('11 found');
    await page.click('#results button');
    await page.waitForFunction(() => !document.getElementById('where')?.textContent?.startsWith('0 B'));
    const box = await (await page.$('#map'))?.boundingBox();
    await page.mouse.move((box?.x ?? 0) + 500, (box?.y ?? 0) + (box?.height ?? 0) / 2);
    expect(await textOf('#tip')).toMatch(/^f1234\n/);
    expect(problems).toEqual([]);
  });
});

(leftOut ? describe.skip : describe)('the page of several devices', () => {
  const ALL = '0 B to 4.0 GiB of 4.0 GiB';
  const scratch = scratchAll();
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    const [primary] = await filledDevices(scratch);
    await famfsOk(['map', '--html', scratch.path('map.html'), primary]);
    browser = await puppeteer.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    page = await browser.newPage();
    await page.setViewport({ width: 1000, height: 700 });
    page.on('pageerror', (error) => problems.push(String(error)));
    await page.goto(`file://${scratch.path('map.html')}`);
  });

  afterAll(async () => {
    await browser?.close();
  });

  const shown = () => page.$$eval('.where', (nodes) => nodes.map((node) => node.textContent ?? ''));
  const boxOf = async (index: number) => {
    const box = await (await page.$(`#map-${index}`))?.boundingBox();
    if (!box) throw new Error(`there is no canvas ${index}`);
    return box;
  };

  /** What the page tells of the byte `at` of a device of 4 GiB. */
  async function tipAt(index: number, at: number): Promise<string> {
    const box = await boxOf(index);
    const rows = Math.floor(box.height / 18);
    const place = (at / (4 * GIB)) * rows;
    const row = Math.floor(place);
    await page.mouse.move(box.x + (place - row) * box.width, box.y + row * 18 + 5);
    return page.$eval('#tip', (node) => node.textContent ?? '');
  }

  test('draws each, one below the other', async () => {
    if (process.env.FAMFS_TEST_SCREENSHOT)
      await page.screenshot({ path: process.env.FAMFS_TEST_SCREENSHOT as `${string}.png` });
    expect(await shown()).toEqual([ALL, ALL, ALL]);
    const boxes = await Promise.all([0, 1, 2].map(boxOf));
    for (const [i, box] of boxes.entries()) {
      expect(box.height).toBeGreaterThanOrEqual(120);
      expect(box.y).toBeGreaterThan(i === 0 ? 0 : (boxes[i - 1]?.y ?? 0) + 120);
    }
    expect(problems).toEqual([]);
  });

  test('tells what lies under the pointer on each', async () => {
    expect(await tipAt(0, 5 * MIB)).toMatch(/^log\n/);
    const first = [await tipAt(0, 15 * MIB), await tipAt(1, 8 * MIB), await tipAt(2, 6 * MIB)];
    expect(first.map((tip) => tip.split('\n')[0]).sort()).toEqual(['f0', 'f1', 'f2']);
    expect(await tipAt(2, GIB)).toMatch(/^free\n/);
  });

  /** Waits until picture `index` shows all of its device, or a part of it. */
  const untilShown = (index: number, all: boolean) =>
    page.waitForFunction(
      (id, wanted) => document.getElementById(id)?.textContent?.startsWith('0 B to 4.0 GiB') === wanted,
      {},
      `where-${index}`,
      all,
    );

  test('wheel and keys zoom the one under the pointer', async () => {
    await tipAt(1, GIB);
    await page.mouse.wheel({ deltaY: -100 });
    await untilShown(1, false);
    expect(await shown()).toEqual([ALL, expect.stringMatching(/ to 3\.\d GiB of 4\.0 GiB$/), ALL]);
    await page.keyboard.press('0');
    await untilShown(1, true);
    await tipAt(2, GIB);
    await page.keyboard.press('+');
    await untilShown(2, false);
    expect((await shown()).slice(0, 2)).toEqual([ALL, ALL]);
    await page.keyboard.press('0');
    await untilShown(2, true);
  });

  test('a search leads to all parts of a file, on whichever devices', async () => {
    await page.type('#search', 'striped');
    await page.click('#results button');
    await page.waitForFunction(() =>
      [...document.querySelectorAll('.where')].every((node) => !node.textContent?.includes(' to 4.0 GiB')),
    );
    for (const index of [0, 1, 2]) {
      const { height, width, x, y } = await boxOf(index);
      await page.mouse.move(x + width / 2, y + height / 2);
      expect(await page.$eval('#tip', (node) => node.textContent ?? '')).toMatch(/^striped\nstrip \d\n/);
    }
    expect(problems).toEqual([]);
  });
});

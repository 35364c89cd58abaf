import { accessSync } from 'node:fs';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { MIB } from '../../src/log/layout';
import { file, GIB, makeImage, mkdir, Space, writeImage } from '../support/images';
import { famfsOk } from '../support/run';
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

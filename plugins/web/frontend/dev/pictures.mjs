// Takes pictures of every page, desktop and phone, both languages, light and dark: node dev/pictures.mjs [folder] [address]
// Without an address it starts the fake hub. Prints what the browser complains about (content security policy, errors).
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const folder = process.argv[2] ?? 'pictures';
await mkdir(folder, { recursive: true });
let address = process.argv[3];
let hub;
if (!address) {
  hub = spawn(process.execPath, [fileURLToPath(new URL('fake-hub.mjs', import.meta.url)), '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => hub.kill());
  address = await new Promise((resolve) => hub.stdout.on('data', (text) => resolve(/http:\/\/[\d.:]+/.exec(String(text))[0])));
}
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const complaints = new Set();
async function open(path, { width, height, dark = false, locale = 'zh-CN' }) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? 'dark' : 'light', locale, hasTouch: width < 500 });
  const page = await context.newPage();
  page.setDefaultTimeout(20000);
  // The workspace asks who is logged in before anybody is; the browser reports that answer.
  const expected = (text) => text.includes('401');
  page.on('console', (m) => ['error', 'warning'].includes(m.type()) && !expected(m.text()) && complaints.add(`${path}: ${m.text()}`));
  page.on('pageerror', (e) => complaints.add(`${path}: ${e.message}`));
  await page.goto(address + path);
  return page;
}
const shot = (page, name) => page.screenshot({ path: `${folder}/${name}.png` });
const id = (name) => `[data-testid="${name}"]`;
const desktop = { width: 1440, height: 900 };
const phone = { width: 360, height: 740 };

async function login(page, who = 'liting') {
  await page.fill(id('login-name'), who);
  await page.fill(id('login-password'), 'qiao-demo-2026');
  await page.click(id('login-submit'));
  await page.waitForSelector(id('conversation-list'));
}

// The customer: asks, presses, gets a person; the agent takes it.
const shop = await open('/', desktop);
await shop.waitForSelector(id('launcher'));
await shot(shop, 'shop-desktop');
await shop.click(id('launcher'));
await shot(shop, 'widget-empty');
await shop.fill(id('input'), '退货流程');
await shop.keyboard.press('Enter');
await shop.waitForSelector(`${id('message')}[data-author="bot"]`);
await shop.fill(id('input'), '我的退货审核3天了没动静');
await shop.click(id('send'));
await shop.waitForSelector(`${id('state-bar')}[data-state="queued"]`);
await shot(shop, 'widget-queued');

const desk = await open('/workspace', desktop);
await desk.waitForSelector(id('login-name'));
await shot(desk, 'login');
await login(desk);
await desk.waitForTimeout(300);
await shot(desk, 'workspace-list');
await desk.click(id('tab-queue'));
await desk.locator(id('conversation-item')).filter({ hasText: '请稍候' }).click();
await desk.waitForSelector(`${id('dialogue-message')}[data-author="bot"]`);
await desk.click(id('take'));
await desk.waitForSelector(`${id('conversation-state')}[data-state="assigned"]`);
await desk.fill(id('composer-input'), '您好，我是李婷，马上帮您查看退货审核进度。');
await desk.click(id('composer-send'));
await shop.waitForSelector(`${id('message')}[data-author="agent"]`);
await desk.fill(id('composer-input'), '客户很着急，先催仓库');
await desk.click(id('note-toggle'));
await shot(desk, 'workspace-note');
await desk.click(id('composer-send'));
await shop.setInputFiles(id('upload'), { name: 'peach.png', mimeType: 'image/png', buffer: await shop.screenshot({ clip: { x: 160, y: 500, width: 300, height: 220 } }) });
await desk.waitForSelector('.picture img');
await desk.waitForTimeout(400);
await shot(desk, 'workspace-dialogue');
await shot(shop, 'widget-dialogue');
await desk.click(id('ticket-open'));
await shot(desk, 'workspace-ticket-dialog');
await desk.click(id('ticket-submit'));
await desk.waitForSelector(id('toast-info'));
await desk.click(id('transfer'));
await shot(desk, 'workspace-transfer');
await desk.keyboard.press('Escape');
await desk.click(id('resolve'));
await shop.waitForSelector(id('rating'));
await shop.click(id('rating-star-5'));
await shot(shop, 'widget-rating');
await shop.click(id('rating-submit'));

await desk.goto(`${address}/workspace#/tickets`);
await desk.locator(id('ticket-item')).first().click();
await desk.waitForSelector(id('ticket-detail'));
await shot(desk, 'tickets');
await desk.fill(id('ticket-resolution'), '仓库已完成质检，退款 39.8 元原路返回');
await desk.click(id('ticket-resolve'));
await desk.waitForSelector(id('follow-up'));
await shot(desk, 'tickets-follow-up');
await desk.click(id('follow-up'));
await desk.waitForSelector(id('composer-input'));
await shot(desk, 'follow-up-draft');
await desk.goto(`${address}/workspace#/knowledge/return_process`);
await desk.waitForSelector(id('knowledge-form'));
await desk.fill(id('try-input'), '退货流程');
await desk.click(id('try-submit'));
await desk.waitForSelector(id('try-result'));
await shot(desk, 'knowledge');

// Who the customer is, stock, and the pages for supervisors and administrators.
const boss = await open('/workspace', desktop);
await login(boss, 'zhouxue');
await boss.click(id('tab-all'));
await boss.locator(id('conversation-item')).filter({ hasText: '林晓雨' }).click();
await boss.waitForSelector(id('profile-card'));
await boss.waitForTimeout(300);
await shot(boss, 'profile');
await boss.keyboard.press('Control+k');
await boss.fill(id('goods-input'), '水蜜桃');
await boss.waitForSelector(id('good-insert'));
await boss.waitForTimeout(300);
await shot(boss, 'stock');
await boss.keyboard.press('Enter');
await shot(boss, 'stock-inserted');
await boss.fill(id('search'), '退货');
await boss.waitForSelector(id('snippet'));
await shot(boss, 'search');
await knowledgeOf(boss, '');
/** An edit with its warning and version, the shop's words, import, and a draft that waits. */
async function knowledgeOf(page, name) {
  await page.goto(`${address}/workspace#/knowledge/opening_hours`);
  await page.waitForSelector(id('knowledge-form'));
  await page.fill(id('knowledge-answer-zh'), '门店每天 7:30–22:00 营业，周末和节假日不休息。');
  await page.click(id('knowledge-save'));
  await page.waitForSelector(`${id('version')}[data-version="2"]`);
  await page.locator(id('version-show')).first().click();
  await page.locator(id('version')).first().scrollIntoViewIfNeeded();
  await page.waitForTimeout(300);
  await shot(page, `${name}knowledge-versions`);
  await page.fill(id('knowledge-questions'), '你们店几点关门\n快递费多少钱');
  await page.waitForSelector(id('knowledge-warning'));
  await page.locator(id('knowledge-warnings')).scrollIntoViewIfNeeded();
  await shot(page, `${name}knowledge-warning`);
  await page.fill(id('knowledge-note'), '新增一种问法');
  await page.click(id('knowledge-review'));
  await page.waitForSelector(id('draft-banner'));
  await page.locator(id('draft-banner')).scrollIntoViewIfNeeded();
  await shot(page, `${name}knowledge-draft`);
  await page.goto(`${address}/workspace#/knowledge/%20words`);
  await page.waitForSelector(id('vocabulary'));
  await page.waitForTimeout(300);
  await shot(page, `${name}knowledge-words`);
  await page.goto(`${address}/workspace#/knowledge/%20files`);
  await page.waitForSelector(id('import-file'));
  await shot(page, `${name}knowledge-files`);
}
async function pagesOf(page, name) {
  await page.goto(`${address}/workspace#/contacts`);
  await page.locator(id('contact-item')).filter({ hasText: '林晓雨' }).locator('a').click();
  await page.waitForSelector(id('profile-card'));
  await page.waitForTimeout(300);
  await shot(page, `${name}contacts`);
  await page.goto(`${address}/workspace#/partners`);
  await page.locator(id('key-item')).filter({ hasText: '晨光' }).click();
  await page.waitForSelector('.usage-chart');
  await shot(page, `${name}partner-keys`);
  await page.goto(`${address}/workspace#/audit`);
  await page.waitForSelector(id('audit-entry'));
  await shot(page, `${name}audit`);
}
await pagesOf(boss, '');
const bossEn = await open('/workspace', { ...desktop, locale: 'en-GB' });
await login(bossEn, 'zhouxue');
await pagesOf(bossEn, 'en-');
const bossPhone = await open('/workspace', phone);
await login(bossPhone, 'zhouxue');
await pagesOf(bossPhone, 'phone-');

const dark = await open('/workspace', { ...desktop, dark: true, locale: 'en-GB' });
await login(dark, 'liting');
await dark.locator(id('conversation-item')).filter({ hasText: '林晓雨' }).click();
await dark.waitForSelector(id('dialogue-message'));
await dark.waitForTimeout(400);
await shot(dark, 'workspace-dark-en');

const darkShop = await open('/', { ...desktop, dark: true });
await darkShop.click(id('shop-language'));
await darkShop.click(id('launcher'));
await darkShop.click(id('suggestion'));
await darkShop.waitForSelector(`${id('message')}[data-author="bot"]`);
await darkShop.waitForTimeout(300);
await shot(darkShop, 'shop-dark-en');

const small = await open('/workspace', { ...phone, locale: 'zh-CN' });
await shot(small, 'phone-login');
await login(small);
await small.waitForTimeout(300);
await shot(small, 'phone-list');
await small.locator(id('conversation-item')).filter({ hasText: '林晓雨' }).click();
await small.waitForSelector(id('dialogue-message'));
await small.waitForTimeout(400);
await shot(small, 'phone-dialogue');
await small.click(id('customer-open'));
await small.waitForSelector(id('customer-panel'));
await small.waitForTimeout(200);
await shot(small, 'phone-customer');
await small.goto(`${address}/workspace#/tickets`);
await small.waitForTimeout(300);
await shot(small, 'phone-tickets');
await small.locator(id('ticket-item')).first().click();
await small.waitForTimeout(300);
await shot(small, 'phone-ticket');
await small.goto(`${address}/workspace#/`);
await small.click(id('me'));
await shot(small, 'phone-me');

const smallShop = await open('/', phone);
await smallShop.waitForSelector(id('launcher'));
await shot(smallShop, 'phone-shop');
await smallShop.click(id('launcher'));
await smallShop.fill(id('input'), '转人工');
await smallShop.click(id('send'));
await smallShop.waitForSelector(`${id('state-bar')}[data-state="queued"]`);
await smallShop.waitForTimeout(300);
await shot(smallShop, 'phone-widget');

const tooSmall = await small.evaluate(() => document.documentElement.scrollWidth > innerWidth);
if (tooSmall) complaints.add('the workspace is wider than 360 px');
await browser.close();
hub?.kill();
for (const text of complaints) console.log(text);
console.log(`pictures are in ${folder}`);
process.exit(complaints.size > 0 ? 1 : 0);

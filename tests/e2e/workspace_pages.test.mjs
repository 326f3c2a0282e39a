// The pages about people, partners and the audit log, in both languages, on a desk and on a phone, against the real hub.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import {after, before, test} from 'node:test';
import {openBrowser, person} from './lib/browser.mjs';
import {Agent, Visitor} from './lib/client.mjs';
import {Hub, tempFolder, until} from './lib/hub.mjs';
import {login} from './lib/pages.mjs';

let hub, browser, admin;
const pictures = process.env.QIAO_PICTURES;  // a folder: the pages are kept there to be looked at
const keep = async (page, name) => pictures && page.screenshot({path: `${pictures}/${name}.png`});

before(async () => {
  if (pictures) fs.mkdirSync(pictures, {recursive: true});
  hub = await Hub.start({data: tempFolder('pages')});
  browser = await openBrowser();
  // Two customers who wrote, and what a shop knows about them.
  admin = new Agent(hub);
  await admin.login('admin');
  for (const [text, fields] of [
    ['我的退货审核3天了没动静', {name: '林晓雨', phone: '13512340001', tier: '金卡', tags: ['VIP', '水果'], attributes: {生日: '5月12日'}}],
    ['快递丢了要赔偿', {name: '赵先生', phone: '135 1234 0001', email: 'zhao@example.org', company: '晨光超市'}],
  ]) {
    const visitor = new Visitor(hub);
    await visitor.connect();
    const {conversation} = await visitor.say(text);
    const {contact} = await admin.rest('GET', `/api/v1/conversations/${conversation}`);
    await until(() => admin.rest('GET', `/api/v1/contacts/${contact}`), 'the contact to be known');
    await admin.rest('PATCH', `/api/v1/contacts/${contact}`, fields);
    await admin.rest('POST', `/api/v1/contacts/${contact}/reveal`, {});  // something for the audit log
    visitor.close();
  }
});
after(async () => {
  await browser?.close();
  await hub?.stop();
  if (hub) fs.rmSync(hub.data, {recursive: true, force: true});
});

const sizes = [['desk', 1440, 900], ['phone', 360, 740]];
const languages = ['zh-CN', 'en-GB'];

for (const [size, width, height] of sizes) {
  for (const locale of languages) {
    test(`every page is whole on a ${size} in ${locale}`, async () => {
      const page = await person(browser, {width, height, locale, colorScheme: locale === 'zh-CN' ? 'light' : 'dark'});
      await page.goto(`${hub.url}/workspace/`);
      await page.getByTestId('login-name').fill('admin');
      await page.getByTestId('login-password').fill('qiao-demo-2026');
      await page.getByTestId('login-submit').click();
      await page.getByTestId('conversation-list').waitFor();
      const goTo = async (path, id) => {
        await page.goto(`${hub.url}/workspace/#${path}`);
        await page.getByTestId(id).first().waitFor();
        await page.waitForTimeout(50);
        await keep(page, `${size}-${locale}${path.replaceAll('/', '-').replace(/-\d+/g, '')}`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
        assert.ok(!wide, `${path} is wider than the screen`);
      };
      await goTo('/contacts', 'contact-item');
      const id = await page.getByTestId('contact-item').filter({hasText: '林晓雨'}).getAttribute('data-id');
      await goTo(`/contacts/${id}`, 'contact-facts');
      await goTo('/companies', 'company-item');
      await goTo('/segments/new', 'segment-form');
      await goTo('/partners', 'key-new');
      await goTo('/partners/new', 'key-form');
      await goTo('/audit', 'audit-entry');
      await goTo('/knowledge/return_process', 'knowledge-buttons');
      await goTo('/learning', 'learning-empty');
      await goTo('/learning/topics', 'topic-days');
      await goTo('/learning/rollouts/%20new', 'rollout-form');
      assert.deepEqual(page.errors, []);
      await page.context().close();
    });
  }
}

test('a supervisor joins two contacts and takes them apart again', async () => {
  const page = await person(browser, {width: 1440, height: 900});
  await login(page, hub, 'zhouxue');
  await page.goto(`${hub.url}/workspace/#/contacts`);
  await page.getByTestId('contact-item').filter({hasText: '林晓雨'}).locator('a').click();
  await page.getByTestId('contact-facts').getByText('135****0001').waitFor();

  const conversations = page.locator('[data-testid=timeline-item][data-kind=conversation]');
  // The same phone number, not proven: a suggestion, never done by itself.
  await page.getByTestId('suggestion').filter({hasText: '赵先生'}).getByTestId('suggestion-merge').click();
  await page.getByTestId('merge-confirm').click();
  await page.getByTestId('merge').filter({hasText: '赵先生'}).waitFor();
  await page.locator('[data-testid=contact-item]').filter({hasText: '赵先生'}).waitFor({state: 'detached'});
  await conversations.nth(1).waitFor();
  assert.equal(await conversations.count(), 2);

  // The other conversation, to read only.
  await conversations.first().locator('button').click();
  await page.getByTestId('transcript').getByText('快递丢了要赔偿').waitFor();
  await page.keyboard.press('Escape');

  await page.getByTestId('merge-undo').click();
  await page.getByTestId('ask-yes').click();
  await page.locator('[data-testid=merge][data-undone=true]').waitFor();
  await conversations.nth(1).waitFor({state: 'detached'});
  assert.equal(await conversations.count(), 1);
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test('what is masked is shown in full on request, and the audit log says by whom', async () => {
  const page = await person(browser, {width: 1440, height: 900});
  await login(page, hub, 'admin');
  await page.goto(`${hub.url}/workspace/#/contacts`);
  await page.getByTestId('contact-item').filter({hasText: '林晓雨'}).locator('a').click();
  await page.getByTestId('contact-facts').getByText('135****0001').waitFor();
  await page.getByTestId('contact-reveal').click();
  await page.getByTestId('contact-phone-shown').getByText('+8613512340001').waitFor();
  await page.getByTestId('contact-reveal').click();
  await page.getByTestId('contact-phone-shown').getByText('135****0001').waitFor();

  await page.goto(`${hub.url}/workspace/#/audit`);
  await page.getByTestId('audit-action').fill('contact.reveal');
  await page.getByTestId('audit-apply').click();
  const entry = page.getByTestId('audit-entry').first();
  await entry.getByTestId('audit-link').click();
  await page.getByTestId('contact-shown-name').getByText('林晓雨').waitFor();
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test('a form changes only what was changed, and many contacts get a tag at once', async () => {
  const page = await person(browser, {width: 1440, height: 900, locale: 'en-GB'});
  await login(page, hub, 'zhouxue');
  await page.goto(`${hub.url}/workspace/#/contacts`);
  await page.getByTestId('contact-item').filter({hasText: '林晓雨'}).locator('a').click();
  await page.getByTestId('contact-edit').click();
  await page.getByTestId('contact-note').fill('喜欢水果');
  await page.getByTestId('attribute-add').click();
  const row = page.getByTestId('attribute').last();
  await row.locator('input').first().fill('门店');
  await row.locator('input').last().fill('余杭');
  await page.getByTestId('contact-save').click();
  await page.getByTestId('contact-attribute').filter({hasText: '余杭'}).waitFor();
  const id = await page.getByTestId('contact-page').getAttribute('data-id');
  const revealed = await admin.rest('POST', `/api/v1/contacts/${id}/reveal`, {});
  assert.equal(revealed.phone, '+8613512340001', 'the masked number was not written back');
  assert.deepEqual(revealed.attributes, {生日: '5月12日', 门店: '余杭'});

  for (const name of ['林晓雨', '赵先生']) await page.getByTestId('contact-item').filter({hasText: name}).getByTestId('contact-pick').check();
  await page.getByTestId('bulk-tags').fill('双十一');
  await page.getByTestId('bulk-add').click();
  await page.getByTestId('tag-filter').filter({hasText: '双十一 2'}).waitFor();
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test('a search through all conversations marks the words, and "/" goes there', async () => {
  const page = await person(browser, {width: 1440, height: 900});
  await login(page, hub, 'zhouxue');
  await page.getByTestId('tab-queue').click();
  await page.getByTestId('conversation-item').first().waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('退货审核');
  const found = page.getByTestId('snippet').filter({hasText: '我的退货审核3天了没动静'});
  await found.waitFor();
  assert.match((await found.locator('mark').allInnerTexts()).join(''), /退货审核|审核/);
  await page.getByTestId('search-count').waitFor();
  await keep(page, 'search');
  await page.keyboard.press('Escape');
  await page.getByTestId('tab-queue').waitFor();
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test('contacts come in by CSV, after a dry run that names what is wrong', async () => {
  const page = await person(browser, {width: 1440, height: 900});
  await login(page, hub, 'zhouxue');
  await page.goto(`${hub.url}/workspace/#/contacts`);
  await page.getByTestId('contact-import').click();
  const csv = 'name,phone,tier\n张三,13545670002,银卡\n李四,12,银卡\n';
  await page.getByTestId('import-file').setInputFiles({name: 'contacts.csv', mimeType: 'text/csv', buffer: Buffer.from(csv)});
  await page.getByTestId('import-try').click();
  await page.getByTestId('import-errors').waitFor();
  await keep(page, 'import');
  await page.getByTestId('import-run').click();
  await page.getByTestId('import-done').waitFor();
  await page.keyboard.press('Escape');
  await page.getByTestId('contact-search').fill('张三');
  await page.getByTestId('contact-item').filter({hasText: '135****0002'}).waitFor();
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test('a partner key is told once, changed, replaced and revoked', async () => {
  const page = await person(browser, {width: 1440, height: 900});
  await login(page, hub, 'admin');
  await page.goto(`${hub.url}/workspace/#/partners/new`);
  await page.getByTestId('key-name').fill('晨光超市官网');
  await page.getByTestId('key-save').click();
  await page.getByRole('alert').first().waitFor();  // no site, no SKU
  await page.getByTestId('key-origins').fill('https://shop.example.org');
  await page.getByTestId('key-skus').fill('A-100, B-*');
  await page.getByTestId('key-save').click();
  const secret = await page.getByTestId('key-secret').innerText();
  assert.match(secret, /^qk_/);
  await keep(page, 'key-secret');
  await page.getByTestId('key-secret-done').click();
  assert.equal(await page.getByText(secret).count(), 0, 'the key is not shown again');

  await page.getByTestId('key-rotate').click();
  await page.getByTestId('grace-0').check();
  await page.getByTestId('ask-yes').click();
  const second = await page.getByTestId('key-secret').innerText();
  assert.notEqual(second, secret);
  await page.getByTestId('key-revoke').click();
  await page.getByTestId('ask-yes').click();
  await page.locator('[data-testid=key-page][data-state=revoked]').waitFor();
  await page.reload();
  await page.locator('[data-testid=key-item][data-state=revoked]').waitFor();
  assert.equal(await page.getByText(second).count(), 0);
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

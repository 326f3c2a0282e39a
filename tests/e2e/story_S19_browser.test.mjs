// S19 as an administrator does it in the workspace: a copy of everything, then erasure, which a typed name confirms.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import {after, before, test} from 'node:test';
import {openBrowser, person} from './lib/browser.mjs';
import {Agent, Visitor} from './lib/client.mjs';
import {Hub, tempFolder, until} from './lib/hub.mjs';
import {login} from './lib/pages.mjs';

let hub, browser;
before(async () => {
  hub = await Hub.start({data: tempFolder('s19b')});
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await hub?.stop();
  if (hub) fs.rmSync(hub.data, {recursive: true, force: true});
});

test('a person is exported and erased from the contact page', async () => {
  const admin = new Agent(hub);
  await admin.login('admin');
  const visitor = new Visitor(hub);
  await visitor.connect();
  const {conversation} = await visitor.say('我的退货审核3天了没动静');
  const {contact} = await admin.rest('GET', `/api/v1/conversations/${conversation}`);
  await until(() => admin.rest('GET', `/api/v1/contacts/${contact}`), 'the contact to be known');
  await admin.rest('PATCH', `/api/v1/contacts/${contact}`, {name: '孙佳'});
  visitor.close();

  // A supervisor has no such buttons.
  const supervisor = await person(browser, {width: 1440, height: 900});
  await login(supervisor, hub, 'zhouxue');
  await supervisor.goto(`${hub.url}/workspace/#/contacts/${contact}`);
  await supervisor.getByTestId('contact-merge').waitFor();
  assert.equal(await supervisor.getByTestId('person-erase').count(), 0);

  const page = await person(browser, {width: 1440, height: 900});
  await login(page, hub, 'admin');
  await page.goto(`${hub.url}/workspace/#/contacts/${contact}`);
  await page.getByTestId('person-export').click();
  const folder = await page.getByTestId('person-exported').locator('code').innerText();
  assert.ok(fs.existsSync(folder), `the folder ${folder} is on the hub's machine`);

  await page.getByTestId('person-erase').click();
  await page.getByTestId('ask-word').fill('孙');
  assert.equal(await page.getByTestId('ask-yes').isDisabled(), true);
  await page.getByTestId('ask-word').fill('孙佳');
  await page.getByTestId('ask-yes').click();
  await page.getByTestId('toast-info').waitFor();
  await page.locator(`[data-testid=contact-item][data-id="${contact}"]`).waitFor({state: 'detached'});

  await page.goto(`${hub.url}/workspace/#/audit`);
  await page.getByTestId('audit-action').fill('contact.');
  await page.getByTestId('audit-apply').click();
  await page.locator('[data-testid=audit-entry][data-action="contact.erase"]').first().waitFor();
  const gone = await fetch(`${hub.url}/api/v1/conversations/${conversation}`, {headers: {authorization: `Bearer ${admin.token}`}});
  assert.equal(gone.status, 404);
  assert.deepEqual(page.errors, []);
});

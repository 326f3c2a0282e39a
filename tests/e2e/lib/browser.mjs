// Debian's Chromium through playwright-core, with a profile of its own.
import {chromium} from 'playwright-core';

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'];

export async function openBrowser() {
  return chromium.launch({executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: flags});
}

/** A person with a browser window of their own. What the page's console reports as an error is kept in `errors`. */
export async function person(browser, {width = 1280, height = 800, locale = 'zh-CN', ...more} = {}) {
  const context = await browser.newContext({viewport: {width, height}, locale, ...more});
  const page = await context.newPage();
  page.setDefaultTimeout(20000);
  page.errors = [];
  page.on('pageerror', error => page.errors.push(String(error)));
  page.on('console', message => {
    // Asking who is logged in is answered 401 before the login.
    if (message.type() === 'error' && !message.text().includes('401')) page.errors.push(message.text());
  });
  return page;
}
